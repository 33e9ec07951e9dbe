import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { CopyImage } from '../../../lib/agent/tasks.ts'
import { startProgram } from '../../agent/program.ts'
import {
  copyRequest,
  ended,
  type Host,
  MiB,
  makeHost,
  noise,
  sha256,
  soon,
  until,
} from '../../agent/support.ts'
import { keys, type Meddle, region, startS3 } from '../../support/s3.ts'

const content = noise(24 * MiB)
const sha512 = createHash('sha512').update(content).digest('hex')

/** A host with a volume of 32 MiB, and a bucket with an image of 24. */
const begun = async (meddle?: Meddle) => {
  const host = await makeHost()
  const device = await host.attach(32 * MiB, { fill: 'x' })
  const s3 = await startS3({ folder: host.at('s3'), buckets: ['images'], ...(meddle && { meddle }) })
  s3.store.putObject('images', 'gold/disk-1', content)
  const bucket = { kind: 's3', endpoint: s3.url, region, bucket: 'images', prefix: 'gold/' }
  return {
    ...{ host, device, s3 },
    settings: { stores: { bucket } },
    [Symbol.asyncDispose]: async () => {
      await s3[Symbol.asyncDispose]()
      await host[Symbol.asyncDispose]()
    },
  }
}

const request = (changes: Partial<CopyImage> = {}) =>
  copyRequest('', 'raw', 32 * MiB, {
    source: { kind: 's3', store: 'bucket', key: 'disk-1', sha512, sizeBytes: content.length },
    secrets: { ...keys },
    ...changes,
  })
const holdsTheImage = async (device: string) => {
  expect(await sha256(device, content.length)).toBe(createHash('sha256').update(content).digest('hex'))
  expect(
    readFileSync(device)
      .subarray(content.length)
      .every((byte) => byte === 0),
  ).toBe(true)
}
const journal = (host: Host) => readFileSync(host.at('state/journal.jsonl'), 'utf8')

test('an image comes out of a bucket onto a volume, and what opens that is written nowhere', async () => {
  await using at = await begun()
  const { agent, client } = await at.host.start(at.settings)
  await using _ = agent

  await client.copyImage(request(), soon())

  expect(await ended(client)).toMatchObject({ state: 'succeeded', fetchedBytes: content.length })
  await holdsTheImage(at.device)
  expect(journal(at.host)).not.toContain(keys.secretAccessKey)
})

test('broken off, it goes on where it stood', async () => {
  let times = 0
  await using at = await begun((_, response) => {
    times += 1
    if (times > 2) return
    let sent = 0
    const write = response.write.bind(response)
    const cut = (chunk: any, ...rest: any[]) => {
      sent += chunk.length
      if (sent > 5 * MiB) setTimeout(() => response.destroy(), 20)
      return (write as any)(chunk.subarray(0, Math.max(0, 5 * MiB - (sent - chunk.length))), ...rest)
    }
    response.write = cut as any
    response.end = ((chunk?: any) => void (chunk === undefined ? undefined : cut(chunk))) as any
  })
  const { agent, client } = await at.host.start(at.settings)
  await using _ = agent

  await client.copyImage(request(), soon())

  expect(await ended(client)).toMatchObject({ state: 'succeeded' })
  await holdsTheImage(at.device)
  const ranges = at.s3.asked.map(({ range }) => range)
  expect(ranges[0]).toBeUndefined()
  expect(ranges.slice(1)).toEqual(ranges.slice(1).map(() => expect.stringMatching(/^bytes=[1-9]\d+-$/)))
})

test('another object under the same key is fetched from its beginning, and is not what was promised', async () => {
  await using at = await begun()
  at.s3.store.putObject('images', 'gold/disk-1', noise(24 * MiB))
  const { agent, client } = await at.host.start(at.settings)
  await using _ = agent

  await client.copyImage(request(), soon())

  expect(await ended(client)).toMatchObject({
    state: 'failed',
    error: { code: 'digest_mismatch' },
    result: { partlyWritten: false },
  })
})

test.each([
  [
    'a key under which there is nothing',
    { source: { kind: 's3', store: 'bucket', key: 'none' } },
    'source_not_found',
  ],
  ['keys that are not those', { secrets: { ...keys, secretAccessKey: 'wrong-word' } }, 'source_refused'],
] as const)('%s ends it before anything is written', async (_, changes, code) => {
  await using at = await begun()
  const { agent, client } = await at.host.start(at.settings)
  await using _agent = agent

  await client.copyImage(request(changes), soon())

  const task = await ended(client)
  expect(task).toMatchObject({ state: 'failed', error: { code }, result: { partlyWritten: false } })
  expect(JSON.stringify(task) + journal(at.host)).not.toContain('wrong-word')
})

test.each([
  ['a store this host does not have', { source: { kind: 's3', store: 'other', key: 'disk-1' } }],
  ['a store of another kind', { source: { kind: 'glance', store: 'bucket', imageId: crypto.randomUUID() } }],
  ['nothing that opens it', { secrets: undefined }],
  ['half of what opens it', { secrets: { accessKeyId: keys.accessKeyId } }],
] as const)('a request with %s is refused at once', async (_, changes) => {
  await using at = await begun()
  const { agent, client } = await at.host.start(at.settings)
  await using _agent = agent

  await expect(client.copyImage(request(changes as Partial<CopyImage>), soon())).rejects.toMatchObject({
    code: 'bad_request',
  })
})

test('killed while it fetches it says that its keys are gone, and asked again it goes on', {
  timeout: 60_000,
}, async () => {
  let times = 0
  await using at = await begun((_, response) => {
    times += 1
    // The first answer begins, and never ends.
    if (times === 1) response.end = ((chunk: Buffer) => response.write(chunk.subarray(0, 20 * MiB))) as any
  })
  {
    await using first = await startProgram(at.host, { changes: at.settings })
    await first.client.copyImage(request(), soon())
    await until(async () => {
      const { fetchedBytes = 0 } = await first.client.task({ id: 'request-1' }, soon())
      return fetchedBytes > 0 ? true : undefined
    })
    await first.kill()
  }

  await using second = await startProgram(at.host, { changes: at.settings })
  expect(await ended(second.client)).toMatchObject({
    state: 'failed',
    error: { code: 'interrupted', retryable: true },
  })
  await second.client.copyImage(request(), soon())
  expect(await ended(second.client)).toMatchObject({ state: 'succeeded' })
  await holdsTheImage(at.device)
})
