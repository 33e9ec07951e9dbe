import { createServer } from 'node:http'
import { resolve } from 'node:path'
import { controlRoot, serveControl } from './control.ts'
import { type Exchange, send } from './exchange.ts'
import { type FaultSpec, openFaults } from './faults.ts'
import { serveApi } from './http.ts'
import { digestedState, type State, stateOf } from './inspect.ts'
import type { Adjustment } from './knobs.ts'
import { type Listed, type ListedAttachment, liveAttachments, liveThings } from './live.ts'
import { type LoggedCall, openLog } from './log.ts'
import { root } from './route.ts'
import { openSite } from './site.ts'
import { defaultLocation } from './world.ts'

export interface SimulatorOptions {
  /** 0, the default, takes any free one. */
  readonly port?: number
  readonly host?: string
  readonly token?: string
  /** Folder that holds objects, bytes and device links, kept over restarts. */
  readonly data: string
  /** Templates a new folder gets instead of `hybrid`, `ssd` and `hdd`. */
  readonly templates?: readonly string[]
  /** Letters and digits: the first part of all global ids. Of two simulators at one host, each needs its own. */
  readonly location?: string
  /** The folder that stands for a host's `/dev`, where it is not to be under `data`: two simulators may share one. */
  readonly devicesOf?: (clientId: number) => string
  /** Unix milliseconds, for time stamps and deletion dates. */
  readonly clock?: () => number
}

export interface Simulator extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly token: string
  readonly data: string
  /** Living volumes by name, or by `~globalId` where they have none: as `VolumesList` shows them. */
  readonly volumes: ReadonlyMap<string, Listed>
  /** Snapshots that are not being deleted. */
  readonly snapshots: ReadonlyMap<string, Listed>
  readonly attachments: readonly ListedAttachment[]
  /** API calls since the start or the last reset. */
  readonly calls: readonly LoggedCall[]
  /** The n-th API call from now on, counted from 0, is carried out, then its connection is reset. */
  loseAnswer(n: number): void
  /** The n-th API call from now on is refused for good. */
  refuse(n: number, name: string, descr?: string): void
  fault(spec: FaultSpec): void
  setKnobs(adjustment: Adjustment): void
  state(): State
  /** With the SHA-256 of every object's bytes. */
  state(options: { content: true }): Promise<State>
  /** Forget log, counts and faults; with `all` the objects and the knobs too. */
  reset(options?: { all?: boolean }): void
  /** The folder that stands for a host's `/dev`. */
  devicesOf(clientId: number): string
  /** Say that a process holds a device open. @returns says that it does no more */
  openDevice(clientId: number, globalId: string): () => void
  close(): Promise<void>
}

export const defaultToken = '1556560560218011653'

/**
 * Start a stand-in for the clusters of one StorPool location.
 *
 * @throws FolderError when the data folder cannot be used; the listening error, such as EADDRINUSE
 */
export const startSimulator = async (options: SimulatorOptions): Promise<Simulator> => {
  const { port = 0, host = '127.0.0.1', token = defaultToken, templates, clock = Date.now } = options
  const { location = defaultLocation } = options
  const data = resolve(options.data)
  const open = await openSite({ data, templates, location, devicesOf: options.devicesOf, clock })
  const { site } = open
  const log = openLog()
  const faults = openFaults()
  const closing = new AbortController()
  const numbers = new WeakMap<object, number>()
  let connections = 0

  const reset = ({ all = false }: { all?: boolean } = {}) => {
    log.clear()
    faults.clear()
    if (!all) return
    open.resetKnobs()
    open.clear()
  }
  function state(): State
  function state(wanted: { content: true }): Promise<State>
  function state(wanted?: { content: true }): State | Promise<State> {
    return wanted === undefined ? stateOf(site.world) : digestedState(site)
  }
  const controlled = {
    open,
    log,
    faults,
    reset,
    state: async ({ content }: { content: boolean }) => (content ? state({ content }) : state()),
  }
  const serve = async (exchange: Exchange) => {
    const url = exchange.request.url ?? ''
    if (url.startsWith(controlRoot)) return serveControl(exchange, controlled)
    if (url.startsWith(root)) return serveApi(exchange, { site, log, faults, token, closing: closing.signal })
    exchange.request.resume()
    const descr = `there is nothing at ${url}: the API is under ${root}`
    return send(exchange, { status: 404, body: JSON.stringify({ error: { name: 'notFound', descr } }) })
  }
  const server = createServer((request, response) => {
    serve({ request, response, conn: numbers.get(request.socket) ?? 0 }).catch((error: unknown) => {
      if (!response.headersSent) response.destroy(error instanceof Error ? error : undefined)
    })
  })
  server.on('connection', (socket) => numbers.set(socket, ++connections))
  const close = async () => {
    closing.abort()
    const ended = new Promise<void>((done) => server.close(() => done()))
    server.closeAllConnections()
    await ended
    await open.close()
  }
  const address = await new Promise<ReturnType<typeof server.address>>((done, failed) => {
    server.once('error', failed)
    server.listen(port, host, () => done(server.address()))
  }).catch(async (error: unknown) => {
    await open.close()
    throw error
  })
  const bound = typeof address === 'object' && address !== null ? address.port : port

  return {
    url: `http://${host}:${bound}`,
    port: bound,
    token,
    data,
    volumes: liveThings(site.world, 'volume'),
    snapshots: liveThings(site.world, 'snapshot'),
    get attachments() {
      return liveAttachments(site.world)
    },
    get calls() {
      return log.calls
    },
    loseAnswer: (n) => faults.add({ match: '*', kind: 'resetAfterCommit', skip: n }),
    refuse: (n, name, descr = 'A refusal that was asked for') =>
      faults.add({ match: '*', kind: 'error', skip: n, name, descr }),
    fault: faults.add,
    setKnobs: open.setKnobs,
    state,
    reset,
    devicesOf: site.devices.folderOf,
    openDevice: (clientId, globalId) => {
      const change = (held: readonly string[]) => {
        const { openDevices } = site.knobs
        open.setKnobs({ openDevices: { ...openDevices, [clientId]: [...held] } })
      }
      const held = () => site.knobs.openDevices[String(clientId)] ?? []
      change([...held(), globalId])
      return () => change(held().toSpliced(held().indexOf(globalId), held().includes(globalId) ? 1 : 0))
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}
