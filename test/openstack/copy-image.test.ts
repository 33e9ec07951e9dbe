import { createHash, randomUUID } from 'node:crypto'
import { expect, inject, test } from 'vitest'
import { glanceOrigin } from '../../agent/glance-origin.ts'
import type { CopyImage } from '../../lib/agent/tasks.ts'
import { copyRequest, ended, type Host, MiB, makeHost, noise, sha256, soon } from '../agent/support.ts'
import { asUser, upload } from './as-user.ts'

const content = noise(12 * MiB)
const sha512 = createHash('sha512').update(content).digest('hex')

const anImage = async () => {
  const { glance, token } = asUser('demo')
  const id = randomUUID()
  await glance.create({ id, name: 'disk', disk_format: 'raw', container_format: 'bare' })
  await upload(id, await token(), content)
  return { id, token: await asUser('block', 'service').token() }
}

const start = (host: Host) =>
  host.start({ stores: { glance: { kind: 'glance', endpoint: inject('openstack').glanceUrl } } })

const request = (imageId: string, token: string, changes: Partial<CopyImage> = {}) =>
  copyRequest('', 'raw', 16 * MiB, {
    source: { kind: 'glance', store: 'glance', imageId, sha512, sizeBytes: content.length },
    secrets: { token },
    ...changes,
  })

test('an agent brings an image out of Glance onto a volume', async () => {
  await using host = await makeHost()
  const device = await host.attach(16 * MiB, { fill: 'x' })
  const { agent, client } = await start(host)
  await using _ = agent
  const { id, token } = await anImage()

  await client.copyImage(request(id, token), soon())

  expect(await ended(client)).toMatchObject({ state: 'succeeded', fetchedBytes: content.length })
  expect(await sha256(device, content.length)).toBe(createHash('sha256').update(content).digest('hex'))
})

test('Glance gives the rest of an image, and says which it is', async () => {
  const { id, token } = await anImage()
  const way = {
    ca: undefined,
    limits: { connectMs: 5_000, idleMs: 30_000 },
    signal: AbortSignal.timeout(60_000),
  }
  const store = { kind: 'glance', endpoint: inject('openstack').glanceUrl } as const
  const origin = glanceOrigin(store, id, token, way)

  const whole = await origin.ask(undefined)
  const tag = origin.tagOf(whole.headers)
  whole.destroy()
  const rest = await origin.ask({ at: 10 * MiB, tag: tag ?? '' })
  const came: Buffer[] = []
  for await (const chunk of rest) came.push(chunk as Buffer)

  expect(tag).toBe(createHash('md5').update(content).digest('hex'))
  expect(rest.statusCode).toBe(206)
  expect(rest.headers['content-range']).toBe(`bytes ${10 * MiB}-${content.length - 1}/${content.length}`)
  expect(Buffer.concat(came).equals(content.subarray(10 * MiB))).toBe(true)
})

test('an image that is not there or is not for us ends in words that say so', async () => {
  await using host = await makeHost()
  await host.attach(16 * MiB)
  const { agent, client } = await start(host)
  await using _ = agent
  const { id, token } = await anImage()
  const stranger = await asUser('alt').token()
  const cases = [
    [randomUUID(), token, 'source_not_found'],
    [id, stranger, 'source_not_found'],
    [id, 'no-token', 'source_refused'],
  ] as const
  for (const [nth, [image, secret, code]] of cases.entries()) {
    const requestId = `request-${nth}`
    await client.copyImage(request(image, secret, { requestId }), soon())
    expect(await ended(client, requestId)).toMatchObject({
      state: 'failed',
      error: { code },
      result: { partlyWritten: false },
    })
  }
})

test('an image without data has none to give', async () => {
  await using host = await makeHost()
  await host.attach(16 * MiB)
  const { agent, client } = await start(host)
  await using _ = agent
  const { id: queued } = await asUser('demo').glance.create({
    name: 'queued',
    disk_format: 'raw',
    container_format: 'bare',
  })

  await client.copyImage(request(queued, await asUser('block', 'service').token()), soon())

  expect(await ended(client)).toMatchObject({ error: { code: 'source_refused' } })
})
