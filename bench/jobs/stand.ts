import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { clientId, host, startHost } from '../agent/host.ts'
import { node, start } from '../child.ts'

const token = 'bench'
export const password = 'of the backups'

/** What of a job's record is looked at. */
const Job = z.object({
  id: z.string(),
  status: z.string(),
  doneBytes: z.number(),
  totalBytes: z.number(),
  createdAt: z.string(),
  finishedAt: z.string().optional(),
  error: z.unknown().optional(),
  result: z.unknown().optional(),
})
export type Job = z.infer<typeof Job>

const isOver = ({ status }: Job) => status !== 'queued' && status !== 'running'

const Made = z.object({ data: z.object({ globalId: z.string() }) })

/** What was asked may be repeated. */
class Busy extends Error {
  override readonly name = 'Busy'
}

/** The system as `npm start` runs it; a cluster and a host's agent, which an operator has elsewhere, in processes of their own. */
export const startJobStand = async (folder: string, bundle: string, repositories: readonly string[]) => {
  const at = (...names: string[]) => join(folder, ...names)
  const stack = new AsyncDisposableStack()
  const simulator = stack.use(
    await start(node('simulator/main.ts', '--port', '0', '--token', token, '--data', at('cluster'))),
  )
  const stores = repositories.map((name) => [name, { kind: 'restic', path: at('host', name) }] as const)
  const agent = stack.use(
    await startHost(at('host'), bundle, {
      devices: at('cluster/dev', String(clientId)),
      // The bench's own user made the repositories.
      backupUser: 'agent',
      stores: { shelf: { kind: 'folder', path: at('host/images') }, ...Object.fromEntries(stores) },
    }),
  )
  const opening = at('stores.json')
  await writeFile(
    opening,
    JSON.stringify(Object.fromEntries(repositories.map((name) => [name, { password }]))),
  )
  const system = stack.use(
    await start(node('local/main.ts', '--port', '0', '--no-images', '--state', at('system')), {
      SP_API_HTTP_HOST: '127.0.0.1',
      SP_API_HTTP_PORT: new URL(simulator.url).port,
      SP_AUTH_TOKEN: token,
      HOSTS: JSON.stringify({ [host]: { clientId, agent: agent.url } }),
      JOB_HOST: host,
      AGENT_CREDENTIALS_FILE: at('host/certs/data.json'),
      STORES_FILE: opening,
    }),
  )
  const client = agent.newClient()
  stack.defer(() => client.close())

  const call = async (path: string, body?: object): Promise<unknown> => {
    const response = await fetch(system.url + path, {
      ...(body && {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      }),
    })
    const answer: unknown = await response.json()
    if ([503, 504].includes(response.status)) throw new Busy(path)
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(answer)}`)
    return answer
  }
  const storpool = async (path: string, body?: object): Promise<unknown> => {
    const response = await fetch(`${simulator.url}/ctrl/1.0/MultiCluster/${path}`, {
      headers: { Authorization: `Storpool v1:${token}` },
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
    })
    return response.json()
  }
  const job = async (id: string) => Job.parse(await call(`/jobs/${id}`))

  return {
    at,
    agentPid: agent.pid,
    call,
    storpool,
    job,
    /** A volume of any size, empty; `deviceOf` finds it while it is attached. */
    makeVolume: async (id: string, size: number) => {
      const { globalId } = Made.parse(
        await storpool('VolumeCreate', { name: `os--volume-${id}`, size, replication: 3 }),
      ).data
      return { id, globalId, link: at('cluster/dev', String(clientId), 'storpool-byid', globalId) }
    },
    /** As a client does it: asked again, with its key, where the system has too much to do. */
    submit: async (kind: string, input: object): Promise<string> => {
      const asked = { kind, input, idempotencyKey: randomUUID() }
      for (let tries = 1; ; tries++) {
        try {
          return Job.parse(await call('/jobs', asked)).id
        } catch (error) {
          if (tries === 10 || !(error instanceof Busy)) throw error
          await sleep(100 * tries)
        }
      }
    },
    /**
     * @param askMs each answer costs the processors that are measured
     * @throws Error where it did not succeed, unless told that it may be cancelled
     */
    ended: async (id: string, { status = 'succeeded', askMs = 1_000 } = {}): Promise<Job> => {
      for (;;) {
        const now = await job(id)
        if (isOver(now) && now.status !== status)
          throw new Error(`a job ended otherwise: ${JSON.stringify(now)}`)
        if (isOver(now)) return now
        await sleep(askMs)
      }
    },
    /** A task of the agent's, by its job and its name there. */
    task: (id: string, name: string) => client.task({ id: `${id}:${name}` }, Date.now() + 20_000),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}
export type JobStand = Awaited<ReturnType<typeof startJobStand>>
