import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { rounded, timing } from './statistics.ts'

// Clients of a running system, in a process of their own: `node bench/load.ts URL read|write CLIENTS SECONDS`.
const [url = '', kind = '', clients = '1', seconds = '1'] = process.argv.slice(2)
const { hostname: host, port } = new URL(url)
const agent = new http.Agent({ keepAlive: true })
const headers = { 'Content-Type': 'application/json' }
const volume = { id: 'load', size: 1 }

/** One request of one operation. @throws Error when it is not answered with 200. */
const drive = (method: string, input: object): Promise<void> =>
  new Promise((resolve, reject) => {
    const options = { agent, host, port, method: 'POST', path: `/driver/${method}`, headers }
    const request = http.request(options, (response) => {
      response.resume().once('end', () => {
        if (response.statusCode === 200) resolve()
        else reject(new Error(`${method}: ${response.statusCode}`))
      })
    })
    request.once('error', reject).end(JSON.stringify(input))
  })

const window = { from: Number.POSITIVE_INFINITY, to: Number.POSITIVE_INFINITY }
const taken: number[] = []

/** Counts when it begins and ends within the window. */
const ask = async (method: string, input: object): Promise<void> => {
  const began = performance.now()
  await drive(method, input)
  const ended = performance.now()
  if (began >= window.from && ended < window.to) taken.push(ended - began)
}

/** One after the other, without a pause. */
const client = async (name: number): Promise<void> => {
  for (let n = 0; performance.now() < window.to; n++) {
    if (kind === 'read') await ask('get_pool', { volume: { id: volume.id } })
    else {
      const mine = { ...volume, id: `${volume.id}-${name}-${n}` }
      await ask('create_volume', { volume: mine })
      await ask('delete_volume', { volume: mine })
    }
  }
}

await drive('create_volume', { volume })
const all = Promise.all(Array.from({ length: Number(clients) }, (_, name) => client(name)))
// A quarter more before anything counts.
await Promise.race([sleep(Number(seconds) * 250), all])
window.from = performance.now()
window.to = window.from + Number(seconds) * 1000
await all
await drive('delete_volume', { volume })
agent.destroy()
console.log(JSON.stringify({ perSecond: rounded(taken.length / Number(seconds)), ...timing(taken) }))
