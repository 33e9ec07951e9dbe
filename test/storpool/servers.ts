import http from 'node:http'
import net from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { type Connection, connect, type StorPool, type StorPoolOptions } from '../../lib/storpool/client.ts'

/** The token of every test: long enough to be found wherever it leaks to. */
export const TOKEN = '1556129910218014736'

export interface Seen {
  method: string
  url: string
  headers: http.IncomingHttpHeaders
  body: string
  /** Which TCP connection, from 0. */
  conn: number
}

export interface Served extends AsyncDisposable {
  port: number
  seen: Seen[]
  /** How many TCP connections there were. */
  connections(): number
  /** How many there are. */
  open(): number
}

export const ok = (data: unknown = { ok: true, generation: 1 }) => JSON.stringify({ generation: 1, data })

export const refusal = (name: string, descr = 'no', transient = false) =>
  JSON.stringify({ error: { name, descr, transient }, generation: 1 })

/** Serve on loopback until disposed of. */
export const listening = async (server: net.Server): Promise<Omit<Served, 'seen'>> => {
  const sockets = new Set<net.Socket>()
  let connections = 0
  server.on('connection', (socket: net.Socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as net.AddressInfo).port,
    connections: () => connections,
    open: () => sockets.size,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

type Respond = (response: http.ServerResponse, seen: Seen, n: number) => void

/** A server that notes what it is asked, whole bodies included, and answers as told. */
export const serving = async (
  respond: Respond = (response) => response.end(ok()),
  wrap: (listener: http.RequestListener) => http.Server = http.createServer,
): Promise<Served> => {
  const seen: Seen[] = []
  const numbers = new WeakMap<net.Socket, number>()
  let conns = 0
  const server = wrap((request, response) => {
    if (!numbers.has(request.socket)) numbers.set(request.socket, conns++)
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      const body = Buffer.concat(chunks).toString()
      const entry = { method, url, headers, body, conn: numbers.get(request.socket) ?? -1 }
      respond(response, entry, seen.push(entry) - 1)
    })
  })
  return { ...(await listening(server)), seen }
}

/** A server below HTTP. */
export const rawServing = (onSocket: (socket: net.Socket, n: number) => void) => {
  let n = 0
  return listening(net.createServer((socket) => onSocket(socket, n++)))
}

/** A client of a server, for as long as the test runs. */
export const client = (
  port: number,
  options: Partial<StorPoolOptions> = {},
): Connection & Disposable & { now(ms?: number): StorPool } => {
  const connection = connect({ host: '127.0.0.1', port, token: TOKEN, ...options })
  return {
    ...connection,
    now: (ms = 5000) => connection.within(Date.now() + ms),
    [Symbol.dispose]: () => connection.close(),
  }
}

/**
 * A port whose connections nobody ever takes. The thread that listens stands still, and its queue is full, so that
 * the system leaves further ones without an answer, as a black hole does.
 */
export const blackHole = async (): Promise<{ port: number } & AsyncDisposable> => {
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads')
     const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
       parentPort.postMessage(server.address().port)
       Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
     })`,
    { eval: true },
  )
  const port = await new Promise<number>((resolve) => worker.once('message', resolve))
  const queued = Array.from({ length: 4 }, () => net.connect(port, '127.0.0.1').on('error', () => {}))
  await sleep(50)
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of queued) socket.destroy()
      await worker.terminate()
    },
  }
}

export const failing = async (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => {
      throw new Error(`it did not fail: ${JSON.stringify(value)}`)
    },
    (error: unknown) => error,
  )
