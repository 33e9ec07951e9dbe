import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'
import { afterAll, expect, test } from 'vitest'
import { startGateway } from '../../local/gateway.ts'
import { functionsOf, serviceOf } from './harness.ts'

const service = serviceOf(`
functions:
  echo:
    handler: echo.handler
    events:
      - httpApi: { method: ANY, path: '/things/{id}', authorizer: { type: aws_iam } }
      - httpApi: { method: POST, path: /echo }
      - httpApi: { method: '*', path: '/all/{proxy+}' }
  exact: { handler: exact.handler, events: [{ httpApi: { method: GET, path: /things/exact } }] }
  form: { handler: form.handler, events: [{ httpApi: { method: POST, path: /form } }] }
  throws: { handler: throws.handler, events: [{ httpApi: { method: GET, path: /throws } }] }
  sleeps: { handler: sleeps.handler, timeout: 1, events: [{ httpApi: { method: GET, path: /sleeps } }] }
  stuck: { handler: stuck.handler, timeout: 60, events: [{ httpApi: { method: GET, path: /stuck } }] }
`)

const lines: string[] = []
const functions = functionsOf(
  service,
  {
    echo: (event: APIGatewayProxyEventV2) => event,
    exact: () => 'exact',
    form: (event: APIGatewayProxyEventV2) => JSON.parse(event.body ?? 'null'),
    throws: () => {
      throw new TypeError('a secret in an error')
    },
    sleeps: () => new Promise((resolve) => setTimeout(resolve, 3000)),
    stuck: () => new Promise(() => undefined),
  },
  lines,
)
const limits = { maxBytes: 100_000, limitMs: 1500, requestTimeoutMs: 1000 }
const gateway = await startGateway(functions, limits)
const { url, port } = gateway
afterAll(() => gateway.close())

const json = async (path: string, init?: RequestInit) => (await fetch(`${url}${path}`, init)).json()

test('a request becomes the event of an HTTP API, payload format 2.0', async () => {
  const sent = request(`${url}/all/a%20b/c?x=1&x=2&y=%C3%A9`, {
    method: 'PUT',
    headers: {
      'X-Two': ['one', 'two'],
      cookie: 'a=1; b=2',
      'content-type': 'application/json',
      'user-agent': 'test',
    },
  })
  const answered = once(sent, 'response')
  sent.end('{"a":1}')
  const [response] = await answered
  const event: APIGatewayProxyEventV2 = JSON.parse(await text(response))

  expect(event).toEqual({
    version: '2.0',
    routeKey: 'ANY /all/{proxy+}',
    rawPath: '/all/a b/c',
    rawQueryString: 'x=1&x=2&y=%C3%A9',
    cookies: ['a=1', 'b=2'],
    headers: expect.objectContaining({ 'x-two': 'one,two', 'content-type': 'application/json' }),
    queryStringParameters: { x: '1,2', y: 'é' },
    pathParameters: { proxy: 'a b/c' },
    requestContext: {
      accountId: '000000000000',
      apiId: 'local',
      domainName: '127.0.0.1',
      domainPrefix: '127',
      http: {
        method: 'PUT',
        path: '/all/a b/c',
        protocol: 'HTTP/1.1',
        sourceIp: '127.0.0.1',
        userAgent: 'test',
      },
      requestId: expect.any(String),
      routeKey: 'ANY /all/{proxy+}',
      stage: '$default',
      time: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
      timeEpoch: expect.any(Number),
    },
    body: '{"a":1}',
    isBase64Encoded: false,
  })
  expect(event.headers).not.toHaveProperty('cookie')
})

test('an encoded slash stays within its placeholder, and the exact route wins', async () => {
  expect(await json('/things/a%2Fb%3F')).toMatchObject({
    pathParameters: { id: 'a/b?' },
    requestContext: { authorizer: { iam: { accountId: '000000000000' } } },
  })
  expect(await (await fetch(`${url}/things/exact`)).text()).toBe('exact')
  expect(await json('/things/exact', { method: 'DELETE' })).toMatchObject({ pathParameters: { id: 'exact' } })
})

test('a body that is no text goes through base64, and none is not there at all', async () => {
  const bytes = new Uint8Array([0, 255, 1])
  const binary = await json('/echo', {
    method: 'POST',
    body: bytes,
    headers: { 'content-type': 'image/png' },
  })
  const empty = await json('/echo', { method: 'POST' })

  expect(binary).toMatchObject({ isBase64Encoded: true, body: Buffer.from(bytes).toString('base64') })
  expect(empty).toMatchObject({ isBase64Encoded: false })
  expect(empty).not.toHaveProperty('body')
})

/** Everything is sent before anything is read. @returns all that came until the connection was closed. */
const raw = async (parts: readonly (string | Buffer)[]) => {
  const socket = connect(port, '127.0.0.1').pause()
  for (const part of parts) await new Promise((resolve) => socket.write(part, resolve))
  return text(socket).catch(() => 'reset')
}

const form = (answer: unknown) =>
  fetch(`${url}/form`, {
    method: 'POST',
    body: JSON.stringify(answer),
    headers: { 'content-type': 'application/json' },
  })

test('an answer with a status is taken apart; any other is a body of JSON', async () => {
  const long = await form({ statusCode: 201, headers: { 'X-A': 1 }, cookies: ['a=1', 'b=2'], body: 'done' })
  const binary = await form({ statusCode: 200, body: 'AP8=', isBase64Encoded: true })
  const short = await form({ hello: 'there' })
  const none = await form({ statusCode: 204 })

  expect([long.status, long.headers.get('x-a'), await long.text()]).toEqual([201, '1', 'done'])
  expect(long.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
  expect(long.headers.get('content-type')).toBe('text/plain;charset=UTF-8')
  expect(new Uint8Array(await binary.arrayBuffer())).toEqual(new Uint8Array([0, 255]))
  expect([short.status, short.headers.get('content-type'), await short.json()]).toEqual([
    200,
    'application/json',
    { hello: 'there' },
  ])
  expect(none.status).toBe(204)
})

test.each([
  { statusCode: 'x' },
  { statusCode: 200, body: { a: 1 } },
  { statusCode: 200, headers: { 'a b': 'c' } },
])('an answer that cannot be sent, %j, is a 500', async (answer) => {
  const response = await form(answer)

  expect(response.status).toBe(500)
  expect(await response.json()).toMatchObject({ error: { name: 'InternalError' } })
})

test('an error of a function is told without its details, which its log has', async () => {
  const response = await fetch(`${url}/throws`)
  const body = await response.text()

  expect(response.status).toBe(500)
  expect(JSON.parse(body)).toEqual({
    error: { name: 'InternalError', message: expect.any(String), requestId: expect.any(String) },
  })
  expect(body).not.toContain('secret')
  expect(lines.join('')).toContain('a secret in an error')
})

test('no route, and a path that cannot be decoded, are errors of the gateway', async () => {
  expect(await json('/nothing')).toMatchObject({
    error: { name: 'NoSuchRoute', message: 'there is no GET /nothing' },
  })
  expect(await json('/things/%ff')).toMatchObject({ error: { name: 'InvalidInput' } })
})

test('a request too large is refused at once, whether its length is said or not', async () => {
  const body = Buffer.alloc(300_000, 'a')
  const said = await fetch(`${url}/echo`, { method: 'POST', body })
  const stream = new ReadableStream({
    start(controller) {
      for (let i = 0; i < 30; i += 1) controller.enqueue(body.subarray(0, 10_000))
      controller.close()
    },
  })
  const unsaid = await fetch(`${url}/echo`, { method: 'POST', body: stream, duplex: 'half' } as RequestInit)

  expect([said.status, unsaid.status]).toEqual([413, 413])
  expect(await said.json()).toMatchObject({ error: { name: 'TooLarge', remedy: expect.any(String) } })
})

test('a client that sends everything before it reads anything is told too', async () => {
  const head = (more = '') =>
    `POST /echo HTTP/1.1\r\nhost: localhost\r\n${more}content-length: 20000000\r\n\r\n`
  const [kept, closed] = await Promise.all([
    raw([
      head(),
      Buffer.alloc(20_000_000, 'a'),
      'GET /things/exact HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n',
    ]),
    raw([head('connection: close\r\n'), Buffer.alloc(20_000_000, 'a')]),
  ])

  expect(kept).toMatch(/^HTTP\/1.1 413 .*"name":"TooLarge".*HTTP\/1.1 200 .*exact$/s)
  expect(closed).toMatch(/^HTTP\/1.1 413 .*"name":"TooLarge"/s)
})

test('a client that asks before it sends, as curl does, is told before it does', async () => {
  const sent = request(`${url}/echo`, {
    method: 'POST',
    headers: { expect: '100-continue', 'content-length': '300000' },
  })
  const status = await new Promise((resolve) => {
    sent.once('continue', () => resolve('continue'))
    sent.once('response', (response) => resolve(response.statusCode))
    sent.flushHeaders()
  })
  sent.on('error', () => undefined)
  sent.destroy()

  expect(status).toBe(413)
})

test.concurrent("a function past its own time, or the gateway's, may have done what was asked", async () => {
  const [own, gateways] = await Promise.all([fetch(`${url}/sleeps`), fetch(`${url}/stuck`)])

  expect([own.status, gateways.status]).toEqual([504, 504])
  expect(await own.json()).toMatchObject({ error: { name: 'OutcomeUnknown' } })
  expect(await gateways.json()).toMatchObject({ error: { name: 'OutcomeUnknown' } })
})

test.concurrent('a client that trickles its request is let go, and what is no HTTP is refused', async () => {
  const [headers, body, garbage, long] = await Promise.all([
    raw(['POST /echo HTTP/1.1\r\nhost: localhost\r\nx: ']),
    raw(['POST /echo HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\nabc']),
    raw(['\0\0\0\r\n\r\n']),
    raw([`GET /${'a'.repeat(20_000)} HTTP/1.1\r\nhost: localhost\r\n\r\n`]),
  ])

  expect(headers).toMatch(/^HTTP\/1.1 408 /)
  expect(body).toMatch(/^(HTTP\/1.1 408 |$)/)
  expect(garbage).toMatch(/^HTTP\/1.1 400 .*"name":"InvalidInput"/s)
  expect(long).toMatch(/^HTTP\/1.1 400 .*16 KB/s)
})

test('a function has what Lambda gives it: a request id, its name, and the time it has left', async () => {
  let seen: Context | undefined
  const told = functionsOf(service, {
    exact: (_event: unknown, context: Context) => {
      seen = context
    },
  })
  const outcome = await told.invoke('exact', {})

  expect(outcome).toEqual({ requestId: seen?.awsRequestId, result: null })
  expect(seen?.functionName).toBe('test-dev-exact')
  expect(seen?.invokedFunctionArn).toBe('arn:aws:lambda:us-east-1:000000000000:function:test-dev-exact')
  expect(seen?.getRemainingTimeInMillis()).toBeGreaterThan(0)
  expect(seen?.getRemainingTimeInMillis()).toBeLessThanOrEqual(5000)
})

test('no other address than one of this machine is listened on', async () => {
  await expect(startGateway(functions, { host: '0.0.0.0' })).rejects.toThrow(
    '0.0.0.0 is not an address of this machine only',
  )
})

test('a web page that reaches this machine under its own name is refused', async () => {
  const to = (host: string) =>
    raw([`GET /things/exact HTTP/1.1\r\n${host && `host: ${host}\r\n`}connection: close\r\n\r\n`])
  const [foreign, ours, six, none] = await Promise.all(
    ['127.0.0.1.evil.example', 'localhost:8776', '[::1]', ''].map(to),
  )

  expect(foreign).toMatch(/^HTTP\/1.1 403 .*"name":"Forbidden".*"remedy"/s)
  for (const answer of [ours, six, none]) expect(answer).toMatch(/^HTTP\/1.1 200 /)
})

test('an expectation nobody knows is refused in words', async () => {
  const answer = await raw([
    'POST /echo HTTP/1.1\r\nhost: localhost\r\nexpect: wonders\r\ncontent-length: 2\r\n\r\n',
  ])

  expect(answer).toMatch(/^HTTP\/1.1 400 .*"name":"InvalidInput".*wonders/s)
})
