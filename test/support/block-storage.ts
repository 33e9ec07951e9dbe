import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import type { Role } from '../../lib/auth/caller.ts'
import type { JobChange } from '../../lib/jobs/record.ts'
import { jobRecords } from '../../lib/store/jobs.ts'
import type { BlockStorage } from '../../lib/volumes/block-storage.ts'
import { startQueues } from '../../local/queue.ts'
import { readService } from '../../local/service.ts'
import { wrongAnswer } from './answers.ts'
import type { ClusterOptions } from './cluster.ts'
import { startFunctions } from './functions.ts'
import { anHttpEvent } from './makers.ts'

/** The project of who calls, where nothing else is said. */
export const project = '0123456789abcdef0123456789abcdef'

export interface As {
  /** The microversion's minor number. */
  readonly version?: number
  readonly user?: string
  readonly project?: string
  readonly headers?: Record<string, string>
  /** What they may do, where it is known: which fields they are to see. */
  readonly role?: Role
}

export const newest: As = { version: 71 }

export interface Answered {
  readonly status: number | undefined
  readonly headers: Record<string, unknown>
  readonly body: any
}

/** Which function a path beneath `/v3` leads to, as the routes of `serverless.yml` say. */
const functionOf = (path: string): string => {
  const [kind = '', , action] = path.split('?')[0]?.split('/').filter(Boolean) ?? []
  if (kind === 'volumes' && action === 'action') return 'volume_action'
  if (/manage/.test(kind)) return 'manage'
  return ['volumes', 'snapshots', 'attachments', 'types'].includes(kind) ? kind : 'service'
}

/** The microversion's minor number, as an answer says it. */
const spokenIn = (headers: Readonly<Record<string, unknown>> = {}): number =>
  Number(String(headers['openstack-api-version']).split('.')[1])

/** The queue of jobs, which nobody takes from. */
const startQueue = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cinderless-queue-'))
  const file = fileURLToPath(new URL('../../serverless.yml', import.meta.url))
  const queues = await startQueues(await readService(file, { env: {}, options: {} }), folder)
  process.env.AWS_ENDPOINT_URL_SQS = queues.url
  return {
    url: queues.queueUrl('JobsQueue'),
    depth: () => queues.depth('JobsQueue'),
    async close() {
      await queues.close()
      await rm(folder, { recursive: true })
    },
  }
}

/** Block Storage's deployed handlers, with a cluster, a table and a queue of their own. One per test file. */
export const startBlockStorage = async (
  environment: Record<string, string> = {},
  options: ClusterOptions = {},
) => {
  const queue = await startQueue()
  const functions = await startFunctions(
    'api',
    { CINDERLESS_AUTH: 'user:project', QUEUE_URL: queue.url, ...environment },
    options,
  )
  const { blockStorageFor } = await import('../../lib/lambda/block-storage.ts')

  /**
   * Every answer is held against the schemas that describe the API.
   *
   * @param path beneath the project, with its query: `/volumes/detail?limit=1`
   */
  const call = async (method: string, path: string, body?: unknown, as: As = {}): Promise<Answered> => {
    const { version, user = 'somebody', headers = {}, project: of = project } = as
    const [plain = '', query = ''] = path.split('?')
    const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
    const event = anHttpEvent(method, `/v3/${of}${plain}`, {
      ...(text !== undefined && { body: text }),
      headers: {
        host: '127.0.0.1:8776',
        'x-auth-token': `${user}:${of}`,
        ...(version !== undefined && { 'openstack-api-version': `volume 3.${version}` }),
        ...headers,
      },
    })
    const sent = { ...event, rawQueryString: query }
    const result = (await functions.invoke(functionOf(plain), sent)) as APIGatewayProxyStructuredResultV2
    const { statusCode: status = 0 } = result
    const answer = result.body ? JSON.parse(String(result.body)) : undefined
    const asked = typeof body === 'string' ? undefined : body
    const wrong = wrongAnswer({
      ...{ method, path: plain, asked, status, body: answer },
      version: version ?? spokenIn(result.headers),
      role: as.role ?? (process.env.CINDERLESS_AUTH === 'user:project' ? 'admin' : undefined),
    })
    if (wrong !== undefined) throw new Error(wrong)
    return { status, headers: result.headers ?? {}, body: answer }
  }

  /** A volume, once it is there. */
  const aVolume = async (change: object = {}, as: As = {}): Promise<any> =>
    (await call('POST', '/volumes', { volume: { size: 1, ...change } }, as)).body.volume

  return {
    ...functions,
    queue,
    call,
    aVolume,
    show: async (kind: 'volume' | 'snapshot', id: string, as: As = {}): Promise<any> =>
      (await call('GET', `/${kind}s/${id}`, undefined, as)).body?.[kind],
    act: (id: string, action: object, as: As = {}) => call('POST', `/volumes/${id}/action`, action, as),
    /** What the functions themselves work with: to put a record in a state, and to look behind the API. */
    storage: (): BlockStorage => blockStorageFor({ deadline: Date.now() + 20_000 } as never, 'req-test'),
    /** As if whoever runs jobs had ended one. */
    endJob: (id: string, change: JobChange) =>
      jobRecords(functions.cluster.table, () => new Date().toISOString()).change(id, change, ['queued']),
    usage: async (of = project): Promise<Record<string, { in_use: number; reserved: number }>> =>
      (await call('GET', `/os-quota-sets/${of}?usage=true`, undefined, { project: of })).body.quota_set,
    [Symbol.asyncDispose]: async () => {
      await functions[Symbol.asyncDispose]()
      await queue.close()
    },
  }
}

export type BlockStorageSystem = Awaited<ReturnType<typeof startBlockStorage>>
