import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import type { UploadVolume } from '../../../lib/agent/tasks.ts'
import { type GlanceOptions, imageId, startGlance, token } from '../../agent/glance-server.ts'
import { startProgram } from '../../agent/program.ts'
import { ended, type Host, MiB, makeHost, noise, qemuImg, soon, until } from '../../agent/support.ts'
import { uploadRequest } from '../../agent/uploads.ts'

const bytes = 8 * MiB
const content = noise(bytes)

const request = (changes: Partial<UploadVolume> = {}) =>
  uploadRequest(bytes, {
    destination: { kind: 'glance', store: 'images', imageId },
    secrets: { token },
    ...changes,
  })

const begun = async (options: GlanceOptions = {}) => {
  const host = await makeHost()
  const volume = await host.attach(bytes)
  await writeFile(volume, content)
  const glance = await startGlance(options)
  return {
    host,
    volume,
    glance,
    settings: { stores: { images: glance.store } },
    [Symbol.asyncDispose]: async () => {
      await glance[Symbol.asyncDispose]()
      await host[Symbol.asyncDispose]()
    },
  }
}

const staged = (host: Host) => {
  try {
    return readdirSync(host.at('state/staging'))
  } catch {
    return []
  }
}

test('a volume becomes the data of an image, and its token is written nowhere', async () => {
  await using at = await begun()
  const { agent, client } = await at.host.start(at.settings)
  await using _ = agent

  await client.uploadVolume(request(), soon())

  expect(await ended(client)).toMatchObject({
    state: 'succeeded',
    doneBytes: bytes,
    uploadedBytes: at.glance.content.length,
    result: {
      sizeBytes: at.glance.content.length,
      sha512: createHash('sha512').update(at.glance.content).digest('hex'),
    },
  })
  const file = await at.host.image('copy', at.glance.content)
  expect(qemuImg('compare', '-f', 'raw', '-F', 'qcow2', at.volume, file)).toContain('identical')
  expect(staged(at.host)).toEqual([])
  await agent.close()
  expect(readFileSync(at.host.at('state/journal.jsonl'), 'utf8')).not.toContain(token)
})

test('a raw volume is sent as it is, without a file of it', async () => {
  await using at = await begun({ disk_format: 'raw' })
  const { agent, client } = await at.host.start(at.settings)
  await using _ = agent

  await client.uploadVolume(request({ format: 'raw', compression: 'none' }), soon())

  expect(await ended(client)).toMatchObject({ state: 'succeeded', doneBytes: bytes, uploadedBytes: bytes })
  expect(at.glance.content.equals(content)).toBe(true)
})

test.each<[string, GlanceOptions, string, RegExp]>([
  ['that is to be another format', { disk_format: 'raw' }, 'destination_refused', /is to be raw, not qcow2/],
  ['that it does not show', { before: () => 404 }, 'destination_refused', /404/],
  ['it may not see', { before: () => 401 }, 'destination_refused', /401/],
  ['while Glance is down', { before: () => 503 }, 'destination_unavailable', /503/],
  [
    'that no longer waits for data',
    { before: (method) => (method === 'PUT' ? 409 : undefined) },
    'destination_exists',
    /no longer queued/,
  ],
  [
    'of which Glance keeps something else',
    { kept: (data) => Buffer.from(data).fill(0, 0, 1) },
    'destination_unavailable',
    /not what was sent/,
  ],
  [
    'of which Glance keeps a part',
    { kept: (data) => data.subarray(1) },
    'destination_unavailable',
    /not what was sent/,
  ],
])('an image %s is refused in plain words', async (_, options, code, words) => {
  await using at = await begun(options)
  const { agent, client } = await at.host.start(at.settings)
  await using _agent = agent

  await client.uploadVolume(request(), soon())

  const { error } = await ended(client)
  expect(error).toMatchObject({ code })
  expect(error?.message).toMatch(words)
  expect(error?.message).not.toContain(token)
  expect(staged(at.host)).toEqual([])
})

test('an image with other data stays as it is', async () => {
  await using at = await begun()
  Object.assign(at.glance.image, { status: 'active', size: 5, os_hash_algo: 'sha512', os_hash_value: '0' })
  const { agent, client } = await at.host.start(at.settings)
  await using _ = agent

  await client.uploadVolume(request(), soon())

  expect(await ended(client)).toMatchObject({
    error: { code: 'destination_exists', message: expect.stringContaining('Make another image') },
  })
  expect(at.glance.sent).toBe(0)
})

test.each([
  ['does not answer for a moment', 2, 503, 1],
  ['has taken it, and its answer is lost', 1, 'lost', 1],
] as const)('Glance that %s is asked again, for the same file', async (_, times, what, sent) => {
  let left: number = times
  const fails = (method: string) => method === 'PUT' && left-- > 0
  await using at = await begun(
    what === 'lost' ? { loses: fails } : { before: (method) => (fails(method) ? what : undefined) },
  )
  const { agent, client } = await at.host.start(at.settings)
  await using _agent = agent

  await client.uploadVolume(request(), soon())

  expect(await ended(client)).toMatchObject({
    state: 'succeeded',
    result: { sha512: createHash('sha512').update(at.glance.content).digest('hex') },
  })
  expect(at.glance.sent).toBe(sent)
})

test('cancelled in the middle it leaves the image queued', { timeout: 60_000 }, async () => {
  await using at = await begun({ paceMs: 30 })
  const { agent, client } = await at.host.start(at.settings)
  await using _ = agent
  await client.uploadVolume(request(), soon())
  await until(() => (at.glance.image.status === 'saving' ? true : undefined))

  const asked = performance.now()
  expect(await client.cancelTask({ id: 'request-1' }, soon())).toMatchObject({ state: 'cancelled' })
  expect(performance.now() - asked).toBeLessThan(5_000)
  await until(() => (at.glance.image.status === 'queued' ? true : undefined))
  expect(staged(at.host)).toEqual([])
})

test('a token that is no longer good when the file is made is asked for, and the file is kept', async () => {
  let isGood = false
  await using at = await begun({ before: (method) => (method === 'PUT' && !isGood ? 401 : undefined) })
  const { agent, client } = await at.host.start(at.settings)
  await using _ = agent
  await client.uploadVolume(request(), soon())
  expect(await ended(client)).toMatchObject({ error: { code: 'interrupted', retryable: true } })
  expect(staged(at.host)).toHaveLength(1)
  isGood = true

  await client.uploadVolume(request(), soon())

  expect(await ended(client)).toMatchObject({ state: 'succeeded' })
})

test('killed in the middle it sends the same file anew when asked again', { timeout: 60_000 }, async () => {
  await using at = await begun({ paceMs: 30 })
  {
    await using first = await startProgram(at.host, { changes: at.settings })
    await first.client.uploadVolume(request(), soon())
    await until(() => (at.glance.image.status === 'saving' ? true : undefined))
    await first.kill()
  }
  at.glance.hurry()
  const [file = ''] = staged(at.host)
  const made = readFileSync(at.host.at('state/staging', file))
  await using second = await startProgram(at.host, { changes: at.settings })
  expect(await ended(second.client)).toMatchObject({ error: { code: 'interrupted' } })

  await second.client.uploadVolume(request(), soon())

  expect(await ended(second.client)).toMatchObject({ state: 'succeeded' })
  expect(at.glance.sent).toBe(2)
  expect(at.glance.content.equals(made)).toBe(true)
  expect(staged(at.host)).toEqual([])
})
