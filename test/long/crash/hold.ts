import type { ChildProcess } from 'node:child_process'
import { subscribe } from 'node:diagnostics_channel'
import { type IncomingMessage, Server, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'

/**
 * Loaded into a program by `--import`, so that it can be killed at a moment of the test's choosing: what goes over HTTP
 * to Lambda's API inside of it is held there until the test lets it go on, or kills it. The program knows of nothing.
 */

/** A job, and the checkpoint at which it is held: before it is written, or when it is, before anybody is told. */
export interface Hold {
  readonly job: string
  readonly at: string
  readonly side: 'before' | 'after'
}
export type Order =
  | { readonly hold: readonly Hold[] }
  | { readonly release: true }
  | { readonly slow: boolean }
export type Report = { readonly job: string; readonly at: string; readonly held: boolean }

const holds = new Map<string, Hold>()
let released: (() => void)[] = []
let slow = false

process.on('message', (order: Order) => {
  if ('hold' in order) {
    holds.clear()
    for (const hold of order.hold) holds.set(hold.job, hold)
  } else if ('slow' in order) slow = order.slow
  else {
    holds.clear()
    for (const goOn of released) goOn()
    released = []
  }
})
process.channel?.unref()
// A test that is gone leaves nothing running.
process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'))

const report = (said: Report) => process.send?.(said)

/** The moment a call stands for; undefined for one that ends nothing. */
const momentOf = (request: IncomingMessage, body: Buffer): string | undefined => {
  if (request.url?.includes('/invocations')) return 'start'
  const updates: { Type: string; Action: string; Name?: string; Payload?: string }[] =
    JSON.parse(body.toString()).Updates ?? []
  for (const { Type, Action, Name = '', Payload = '' } of updates) {
    const [what, round] = Name.split(/: (?:wait|ask) /)
    if (Type === 'CALLBACK' && Action === 'START') return `${what}: wait`
    if (Type !== 'STEP' || Action !== 'SUCCEED') continue
    if (round === undefined) return Name
    return Payload.includes('true') ? `${what}: done` : `${what}: not yet`
  }
  return undefined
}

/** The job of a call that begins its execution, or puts down how far it is. */
const jobOf = ({ url = '', method, headers }: IncomingMessage): string | undefined => {
  const named = headers['x-amz-durable-execution-name']
  if (method !== 'POST') return undefined
  if (typeof named === 'string' && url.includes('/invocations')) return named
  return /\/durable-execution\/([^/]+)\/[^/]+\/checkpoint$/.exec(decodeURIComponent(url))?.[1]
}

const emit: (this: Server, event: string, ...rest: unknown[]) => boolean = Server.prototype.emit

const pass = async (server: Server, job: string, request: IncomingMessage, response: ServerResponse) => {
  const body = await buffer(request)
  const { method, url, headers } = request
  const again = Object.assign(Readable.from([body], { objectMode: false }), { method, url, headers })
  const at = momentOf(request, body)
  if (at === undefined) return emit.call(server, 'request', again, response)

  const wanted = holds.get(job)
  const side = wanted?.at === at ? wanted.side : undefined
  if (side !== undefined) holds.delete(job)
  report({ job, at, held: false })
  const held = () =>
    new Promise<void>((resolve) => {
      released.push(resolve)
      report({ job, at, held: true })
    })
  if (side === 'before') await held()
  if (side === 'after') {
    const end = response.end.bind(response)
    response.end = (bytes) => {
      void held().then(() => end(bytes))
      return response
    }
  }
  return emit.call(server, 'request', again, response)
}

Server.prototype.emit = function (this: Server, event: string, ...rest: unknown[]) {
  const [request, response] = rest as [IncomingMessage, ServerResponse]
  const job = event === 'request' ? jobOf(request) : undefined
  if (job === undefined) return emit.call(this, event, ...rest)
  void pass(this, job, request, response)
  return true
} as typeof Server.prototype.emit

/** What moves bytes runs in short bursts while it is to be slow: there is time to meet it half-way. */
const burst = (child: ChildProcess) => {
  const [runs, rests] = [15, 20]
  let stopped = false
  const turn = () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    stopped = slow && !stopped
    child.kill(stopped ? 'SIGSTOP' : 'SIGCONT')
    setTimeout(turn, stopped ? rests : runs)
  }
  turn()
}

subscribe('child_process', (message) => {
  const { process: child } = message as { process: ChildProcess }
  child.once('spawn', () => {
    if (slow && child.spawnargs.some((word) => /(?:qemu-img|restic)$/.test(word))) burst(child)
  })
})
