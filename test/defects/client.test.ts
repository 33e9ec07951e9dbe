import net from 'node:net'
import tls from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { selfSigned } from '../storpool/certificate.ts'
import { listening } from '../storpool/servers.ts'
import { type Functions, startFunctions } from '../support/functions.ts'

let functions: Functions
let front: Awaited<ReturnType<typeof listening>>
let inside: tls.Server
const heard: Buffer[] = []

/** What stands in front of StorPool where the network between is not trusted: it takes TLS, and speaks plainly inside. */
beforeAll(async () => {
  functions = await startFunctions('driver', { QUEUE_URL: 'http://127.0.0.1:9/none' })
  const { simulator } = functions.cluster
  const pair = selfSigned({ dns: ['localhost'] })
  tls.setDefaultCACertificates([pair.cert])
  inside = tls.createServer(pair, (secured) => {
    const plain = net.connect(simulator.port, '127.0.0.1')
    for (const socket of [secured.pipe(plain), plain.pipe(secured)]) socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => inside.listen(0, '127.0.0.1', resolve))
  const address = inside.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  front = await listening(
    net.createServer((socket) => {
      const onwards = net.connect(port, '127.0.0.1').on('error', () => {})
      socket.on('data', (bytes) => heard.push(bytes))
      socket.pipe(onwards).pipe(socket)
    }),
  )
  process.env.SP_API_HTTP_HOST = 'localhost'
  process.env.SP_API_HTTP_PORT = String(front.port)
  process.env.SP_API_HTTP_TLS = 'on'
})
afterAll(async () => {
  await front[Symbol.asyncDispose]()
  inside.close()
  await functions[Symbol.asyncDispose]()
})

test('a function that is told so reaches StorPool by TLS, and nobody on the way hears the token', async () => {
  await functions.invoke('create_volume', { volume: { id: 'secret', size: 1 } })

  expect(functions.cluster.simulator.volumes.size).toBe(1)
  expect(heard.length).toBeGreaterThan(0)
  expect(Buffer.concat(heard).includes(functions.cluster.simulator.token)).toBe(false)
})
