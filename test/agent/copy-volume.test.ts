import { readFile, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import {
  attachment,
  clientId,
  copyRequest,
  ended,
  globalId,
  MiB,
  makeHost,
  noise,
  soon,
  underWay,
} from './support.ts'

/** A device that is there, and its part of a request to copy from it. */
const copied = (id: string, sizeBytes: number, generation = 1) => ({
  volume: { globalId: id, sizeBytes },
  attachment: attachment(generation, `from-${generation}`),
})

test('copies one volume onto a larger one, and clears what lies behind', async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start()
  await using _ = agent
  const from = await host.attach(6 * MiB, { id: 'a.b.1' })
  const bytes = Buffer.alloc(6 * MiB)
  noise(MiB).copy(bytes, 2 * MiB)
  await writeFile(from, bytes)
  const to = await host.attach(8 * MiB, { fill: 'x' })
  const { source: _image, format: _format, ...request } = copyRequest('none', 'raw', 8 * MiB)

  await client.copyVolume({ ...request, source: copied('a.b.1', 6 * MiB) }, soon())

  expect(await ended(client)).toMatchObject({
    kind: 'copy-volume',
    state: 'succeeded',
    volume: globalId,
    doneBytes: 6 * MiB,
    totalBytes: 6 * MiB,
  })
  const content = await readFile(to)
  expect(content.subarray(0, 6 * MiB).equals(bytes)).toBe(true)
  expect(content.subarray(6 * MiB).every((byte) => byte === 0)).toBe(true)
})

test('a copy between volumes is stopped when either is attached anew', { timeout: 60_000 }, async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start()
  await using _ = agent
  await host.attach(512 * MiB, { id: 'a.b.1', fill: 'y' })
  await host.attach(512 * MiB)
  const { source: _image, format: _format, ...request } = copyRequest('none', 'raw', 512 * MiB)
  await client.copyVolume({ ...request, source: copied('a.b.1', 512 * MiB) }, soon())
  await underWay(client, MiB)

  await client.attachWait({ clientId, ...copied('a.b.1', 512 * MiB, 2), mode: 'ro', waitMs: 1_000 }, soon())

  expect(await ended(client)).toMatchObject({
    state: 'failed',
    error: { code: 'stale_generation' },
    result: { partlyWritten: true },
  })
  expect(host.children()).toEqual([])
})

test.each([
  ['onto itself', { id: globalId, bytes: 2 * MiB }, 'bad_request'],
  ['from a larger one', { id: 'a.b.1', bytes: 4 * MiB }, 'size_mismatch'],
])('a volume is not copied %s, and nothing is written', async (_, { id, bytes }, code) => {
  await using host = await makeHost()
  const { agent, client } = await host.start()
  await using _agent = agent
  const to = await host.attach(2 * MiB, { fill: 'x' })
  if (id !== globalId) await host.attach(bytes, { id })
  const { source: _image, format: _format, ...request } = copyRequest('none', 'raw', 2 * MiB)

  const asked = client.copyVolume(
    { ...request, source: { ...copied(id, bytes), attachment: attachment() } },
    soon(),
  )
  const refusal = await asked.then(
    async () => (await ended(client)).error,
    (error: { code: string }) => error,
  )

  expect(refusal).toMatchObject({ code })
  expect((await readFile(to)).every((byte) => byte === 'x'.charCodeAt(0))).toBe(true)
})
