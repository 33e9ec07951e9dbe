import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Simulator, type SimulatorOptions, startSimulator } from '../../simulator/server.ts'

export const MiB = 1024 ** 2
export const GiB = 1024 ** 3

/** Whatever JSON holds: tests look into it freely. */
export type Json = ReturnType<typeof JSON.parse>

export interface Reply {
  readonly status: number
  readonly body: Json
  readonly data: Json
  readonly error: { name: string; descr: string; transient?: boolean } | undefined
}

export interface Target {
  readonly url: string
  readonly token: string
}

/** One HTTP exchange with exactly these bytes: no client's habits come between. */
export const exchange = (
  url: string,
  {
    method = 'GET',
    path = '/',
    headers = {},
    text = '',
  }: { method?: string; path?: string; headers?: object; text?: string },
) =>
  new Promise<{ status: number; text: string; headers: Record<string, unknown> }>((resolve, reject) => {
    const { hostname, port } = new URL(url)
    const sent = request(
      { hostname, port, method, path, headers: { 'content-length': Buffer.byteLength(text), ...headers } },
      (answer) => {
        let body = ''
        answer.on('data', (chunk) => {
          body += chunk
        })
        answer.on('error', reject)
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, text: body, headers: answer.headers }),
        )
      },
    )
    sent.on('error', reject)
    sent.end(text)
  })

const call = async (target: Target, method: string, path: string, body?: unknown): Promise<Reply> => {
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)
  const headers = { authorization: `Storpool v1:${target.token}` }
  const answer = await exchange(target.url, { method, path: `/ctrl/1.0/${path}`, headers, text })
  const parsed = JSON.parse(answer.text)
  return { status: answer.status, body: parsed, data: parsed.data, error: parsed.error }
}

export const get = (target: Target, path: string) => call(target, 'GET', path)
export const post = (target: Target, path: string, body?: unknown) => call(target, 'POST', path, body)

/** A call that must go well. */
export const must = async (reply: Promise<Reply>): Promise<Json> => {
  const { error, data } = await reply
  if (error !== undefined) throw new Error(`${error.name}: ${error.descr}`)
  return data
}
/** The name of the error a call is refused with. */
export const refusal = async (reply: Promise<Reply>): Promise<string | undefined> => (await reply).error?.name

export const sim = async (target: Target, method: string, path: string, body?: unknown) => {
  const text = body === undefined ? '' : JSON.stringify(body)
  const answer = await exchange(target.url, { method, path: `/_sim/${path}`, text })
  return JSON.parse(answer.text)
}

/** A simulator of its own on a folder of its own. */
export const start = async (options: Partial<SimulatorOptions> = {}) => {
  const data = options.data ?? (await mkdtemp(join(tmpdir(), 'simulator-')))
  const simulator = await startSimulator({ ...options, data })
  return Object.assign(Object.create(simulator), {
    [Symbol.asyncDispose]: async () => {
      await simulator.close()
      if (options.data === undefined) await rm(data, { recursive: true, force: true })
    },
  }) as Simulator
}

export const create = (target: Target, name: string, body: object = {}) =>
  must(post(target, 'VolumeCreate', { name, size: 16 * MiB, template: 'ssd', ...body }))
export const reassign = (target: Target, ...items: object[]) =>
  post(target, 'VolumesReassignWait', { reassign: items })
export const snapshots = async (target: Target): Promise<Json[]> => must(get(target, 'SnapshotsList'))
export const attachments = async (target: Target): Promise<Json[]> => must(get(target, 'AttachmentsList'))

/** Ask again until it is so; the deadline is the test's own. */
export const until = async (isSo: () => Promise<boolean> | boolean) => {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 10))
}
