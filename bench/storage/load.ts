import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { rounded, timing } from '../statistics.ts'

// Clients of Block Storage, in a process of their own: `node bench/storage/load.ts URL KIND CLIENTS SECONDS [PROJECT] [VOLUMES]`.
const [url = '', kind = '', clients = '1', seconds = '1', asked = '', volumes = '0'] = process.argv.slice(2)
const { hostname: host, port } = new URL(url)
const agent = new http.Agent({ keepAlive: true })
const project = asked || 'be'.repeat(16)
const headers = { 'Content-Type': 'application/json', 'X-Auth-Token': `bench:${project}` }

/** One request. @throws Error when it is not answered as it should be. */
const ask = (method: string, path: string, body?: object): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const options = { agent, host, port, method, path: `/v3/${project}${path}`, headers }
    const request = http.request(options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString()
        if ((response.statusCode ?? 500) < 300) resolve(text === '' ? undefined : JSON.parse(text))
        else reject(new Error(`${method} ${path}: ${response.statusCode} ${text.slice(0, 200)}`))
      })
    })
    request.once('error', reject).end(body && JSON.stringify(body))
  })

const Made = z.object({ volume: z.object({ id: z.string(), status: z.string() }) })
const create = async (name: string): Promise<string> => {
  const { volume } = Made.parse(await ask('POST', '/volumes', { volume: { size: 1, name } }))
  if (volume.status !== 'available') throw new Error(`${volume.id} is ${volume.status}`)
  return volume.id
}

/** Deleted when all is measured. */
const made: string[] = []
const window = { from: Number.POSITIVE_INFINITY, to: Number.POSITIVE_INFINITY }
const taken: number[] = []

/** Counts when it begins and ends within the window. */
const timed = async <T>(run: () => Promise<T>): Promise<T> => {
  const began = performance.now()
  const result = await run()
  const ended = performance.now()
  if (began >= window.from && ended < window.to) taken.push(ended - began)
  return result
}

const Attached = z.object({ attachment: z.object({ id: z.string() }) })

/** What one client does, over and over; what is timed is one call of it. */
const kinds: Readonly<Record<string, (given: string) => Promise<void>>> = {
  /** To a volume that is available. */
  create: async () => void made.push(await timed(() => create('mine'))),
  /** To a connection that is made. */
  attach: async () => {
    const id = await create('mine')
    const attachment = { volume_uuid: id, instance_uuid: id, connector: { host: 'host-1' } }
    const version = { ...headers, 'OpenStack-API-Version': 'volume 3.44' }
    Object.assign(headers, version)
    const attached = Attached.parse(await timed(() => ask('POST', '/attachments', { attachment })))
    await ask('DELETE', `/attachments/${attached.attachment.id}`)
    await ask('DELETE', `/volumes/${id}`)
  },
  get: async (id) => void (await timed(() => ask('GET', `/volumes/${id}`))),
  page: async () => void (await timed(() => ask('GET', '/volumes/detail?limit=1000'))),
}

/** So many volumes are made, and deleted again where they are turned over. */
const many = async (deletes: boolean): Promise<void> => {
  let left = Number(volumes)
  window.from = performance.now()
  const one = async (): Promise<void> => {
    while (left-- > 0) {
      const id = await timed(() => create('one of many'))
      if (deletes) await ask('DELETE', `/volumes/${id}`)
    }
  }
  await Promise.all(Array.from({ length: Number(clients) }, one))
}

/** For so many seconds. */
const forAWhile = async (run: (given: string) => Promise<void>): Promise<void> => {
  const given = await create('given')
  const client = async (): Promise<void> => {
    while (performance.now() < window.to) await run(given)
  }
  const all = Promise.all(Array.from({ length: Number(clients) }, client))
  // A quarter more before anything counts.
  await Promise.race([sleep(Number(seconds) * 250), all])
  window.from = performance.now()
  window.to = window.from + Number(seconds) * 1000
  await all
  for (const id of [given, ...made]) await ask('DELETE', `/volumes/${id}`)
}

const began = performance.now()
const run = kinds[kind]
if (run !== undefined) await forAWhile(run)
else await many(kind === 'turn over')
agent.destroy()
const lasted = run === undefined ? (performance.now() - began) / 1000 : Number(seconds)
console.log(JSON.stringify({ perSecond: rounded(taken.length / lasted), ...timing(taken) }))
