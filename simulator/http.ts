import { type Answer, answer, errorAnswer } from './answer.ts'
import type { Site } from './call.ts'
import { Refusal } from './errors.ts'
import { type Exchange, parseJson, readBody, send } from './exchange.ts'
import { commits, type Faults } from './faults.ts'
import type { Log } from './log.ts'
import { queryOf } from './route.ts'
import { spoil } from './spoil.ts'

/** A signal that fires when the caller hangs up. */
const untilGone = ({ response }: Exchange, closing: AbortSignal): AbortSignal => {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  return AbortSignal.any([gone.signal, closing])
}

const later = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms)
    const stop = () => {
      clearTimeout(timer)
      resolve()
    }
    signal.addEventListener('abort', stop, { once: true })
  })

/** The API itself: token, log, faults, answer. */
export const serveApi = async (
  exchange: Exchange,
  parts: { site: Site; log: Log; faults: Faults; token: string; closing: AbortSignal },
) => {
  const { request, conn } = exchange
  const { site, log, faults, token, closing } = parts
  const [path = '', search] = (request.url ?? '').split('?', 2)
  const query = queryOf(path)
  const method = request.method ?? ''
  let body: unknown
  let unreadable: unknown
  try {
    const json = new URLSearchParams(search).get('json')
    const text =
      method === 'GET' && request.headers['content-length'] === undefined ? '' : await readBody(request)
    body = parseJson(text === '' ? (json ?? '') : text)
  } catch (error) {
    unreadable = error
  }
  const logged = log.add({ method, call: query, path: request.url ?? '', body, conn })
  if (request.headers.authorization !== `Storpool v1:${token}`) {
    unreadable = new Refusal('notAuthorized', "The token is missing or is not this cluster's", {
      status: 401,
    })
  }
  const fault = faults.meet(query)
  if (fault?.delayMs !== undefined && fault.kind !== 'hang') await later(fault.delayMs, closing)
  const carriedOut = fault === undefined || commits(fault)
  let made: Answer | undefined
  if (unreadable !== undefined) made = errorAnswer(site.knobs, unreadable)
  else if (carriedOut) {
    made = await answer(site, { method, path, body, untilGone: () => untilGone(exchange, closing) })
  }
  if (fault?.kind === 'hang' && fault.delayMs !== undefined) await later(fault.delayMs, closing)
  if (!site.knobs.keepAlive) exchange.response.setHeader('Connection', 'close')
  if (fault !== undefined) {
    logged.status = spoil(exchange, fault, made, site)
    return
  }
  if (made === undefined) return
  logged.status = made.status
  send(exchange, made)
}
