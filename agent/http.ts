import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import * as z from 'zod'
import { AttachWait, CancelTask, CopyImage, longestWaitSeconds, Release } from '../lib/agent/protocol.ts'
import type { Logger } from '../lib/log.ts'
import type { Operations } from './operations.ts'
import { asRefusal, Refusal } from './refusal.ts'
import type { Tasks } from './tasks.ts'

const longestBody = 64 * 1024
const Wait = z.coerce.number().min(0).max(longestWaitSeconds)
const TaskPath = /^\/v1\/tasks\/([^/]+)$/
const mostListed = 100

type Answer = readonly [status: number, body: object]

/** The agent's operations over HTTP. `closing` ends what is being waited for. */
export const agentServer = (operations: Operations, tasks: Tasks, closing: AbortSignal, log: Logger) => {
  const post: Record<string, (body: unknown, signal: AbortSignal) => Promise<Answer>> = {
    '/v1/attach-wait': async (body, signal) => [
      200,
      await operations.attachWait(parse(AttachWait, body), signal),
    ],
    '/v1/release': async (body) => [200, await operations.release(parse(Release, body))],
    '/v1/copy-image': async (body) => [202, await operations.copyImage(parse(CopyImage, body))],
    '/v1/cancel-task': async (body, signal) => [
      200,
      await operations.cancelTask(parse(CancelTask, body), signal),
    ],
  }

  const get = async (url: URL, signal: AbortSignal): Promise<Answer> => {
    if (url.pathname === '/v1/health') return [200, await operations.health()]
    if (url.pathname === '/v1/tasks') return [200, { tasks: tasks.newest(mostListed).map(tasks.view) }]
    const id = decoded(TaskPath.exec(url.pathname)?.[1])
    if (id === undefined) throw new Refusal('not_found', `There is nothing at ${url.pathname}`)
    tasks.get(id)
    const wait = parse(Wait, url.searchParams.get('wait') ?? 0)
    await tasks.waitFor(id, wait * 1000, signal)
    return [200, tasks.view(tasks.get(id))]
  }

  const answer = async (request: IncomingMessage, signal: AbortSignal): Promise<Answer> => {
    const url = new URL(request.url ?? '/', 'http://agent')
    assertLocal(request.headers.host)
    if (request.method === 'GET') return get(url, signal)
    const operation = Object.hasOwn(post, url.pathname) ? post[url.pathname] : undefined
    if (request.method !== 'POST' || operation === undefined) {
      throw new Refusal('not_found', `There is no ${request.method} ${url.pathname}`)
    }
    return operation(await readBody(request), signal)
  }

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const started = performance.now()
    const [status, body] = await answer(request, AbortSignal.any([gone.signal, closing])).catch(
      (error: unknown): Answer => {
        const refusal = closing.aborted ? new Refusal('io_error', 'The agent is stopping') : asRefusal(error)
        return [refusal.status, { error: refusal.body }]
      },
    )
    const ms = Math.round(performance.now() - started)
    if (request.method === 'POST') log.info(request.url ?? '', { status, ms })
    if (status === 429) response.setHeader('retry-after', '5')
    // What was left unread of a refused body would be taken for the next request.
    if (status === 413 || closing.aborted) response.setHeader('connection', 'close')
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }

  const server = createServer((request, response) => void handle(request, response))
  // Longer than any client keeps a connection, so that it is the client who closes.
  server.keepAliveTimeout = 65_000
  server.requestTimeout = 30_000
  return server
}

const parse = <T>(schema: z.ZodType<T>, value: unknown): T => {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const reasons = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`)
  throw new Refusal('bad_request', `The request is wrong: ${reasons.join('; ')}`, { reasons })
}

const readBody = async (request: IncomingMessage): Promise<unknown> => {
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    throw new Refusal('bad_request', 'The body must be application/json')
  }
  const tooLarge = new Refusal('too_large', `The body may have ${longestBody} bytes at most`)
  if (Number(request.headers['content-length']) > longestBody) throw tooLarge
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request) {
    length += chunk.length
    if (length > longestBody) throw tooLarge
    chunks.push(chunk)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    throw new Refusal('bad_request', 'The body is not JSON')
  }
}

/** A web page that a browser on this host has open may reach loopback, but under its own site's name. */
const assertLocal = (host = '') => {
  if (/^(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])(?::\d+)?$/.test(host)) return
  throw new Refusal('bad_request', 'The request was made to another name than this host')
}

const decoded = (part: string | undefined) => {
  try {
    return part === undefined ? undefined : decodeURIComponent(part)
  } catch {
    return undefined
  }
}
