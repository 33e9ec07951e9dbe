import { readFileSync } from 'node:fs'
import { rm, truncate, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { ca } from '../../agent/image-server.ts'
import { keys } from '../../agent/s3-server.ts'
import { ended, globalId, type Host, MiB, noise, qemuImg, soon, until } from '../../agent/support.ts'

import { begun, bytes, content, digest, key, request, staged } from './uploads-to-s3.ts'

test('a volume is put into a bucket in parts, and what opens that is written nowhere', async () => {
  await using at = await begun()
  const { agent, client } = await at.host.start(at.settings)
  await using _ = agent

  await client.uploadVolume(request(), soon())

  expect(await ended(client)).toMatchObject({
    state: 'succeeded',
    doneBytes: bytes,
    totalBytes: bytes,
    uploadedBytes: bytes,
    fileBytes: bytes,
    result: { sizeBytes: bytes, sha256: digest('sha256') },
  })
  expect(at.server.objects.get(key)?.content.equals(content)).toBe(true)
  expect(at.server.count('put')).toBe(2)
  expect(at.server.uploads.size).toBe(0)
  await agent.close()
  expect(readFileSync(at.host.at('state/journal.jsonl'), 'utf8')).not.toMatch(/hidden-word|AKIDEXAMPLE/)
})

test('over TLS it trusts what the operator says, and nobody else', async () => {
  await using at = await begun({ tls: true })
  await writeFile(at.host.at('ca.pem'), ca)
  {
    const { agent, client } = await at.host.start(at.settings)
    await using _ = agent
    await client.uploadVolume(request({ requestId: 'unknown' }), soon())
    expect(await ended(client, 'unknown')).toMatchObject({ error: { code: 'destination_unavailable' } })
    expect(at.server.count('head')).toBe(0)
  }
  const { agent, client } = await at.host.start({ ...at.settings, sources: { ca: at.host.at('ca.pem') } })
  await using _ = agent

  await client.uploadVolume(request(), soon())

  expect(await ended(client)).toMatchObject({ state: 'succeeded' })
  expect(at.server.objects.get(key)?.content.equals(content)).toBe(true)
})

test('a compressed file is made first, and not kept', async () => {
  await using at = await begun()
  const { agent, client } = await at.host.start(at.settings)
  await using _ = agent

  await client.uploadVolume(request({ format: 'qcow2', compression: 'zstd' }), soon())

  const task = await ended(client)
  const object = at.server.objects.get(key)?.content ?? Buffer.of()
  expect(task).toMatchObject({
    state: 'succeeded',
    doneBytes: bytes,
    uploadedBytes: object.length,
    result: { virtualSizeBytes: bytes, sizeBytes: object.length, sha256: digest('sha256', object) },
  })
  const file = await at.host.image('copy', object)
  expect(qemuImg('compare', '-f', 'raw', '-F', 'qcow2', at.volume, file)).toContain('identical')
  expect(staged(at.host)).toEqual([])
})

test('what is there under the key is not written over, whether it was there or came meanwhile', async () => {
  const other = { content: Buffer.from('other'), etag: '"o"', metadata: {} }
  await using at = await begun({
    before: (call, nth) => {
      if (call === 'complete' && nth === 1) at.server.objects.set(key, other)
      return undefined
    },
  })
  const { agent, client } = await at.host.start(at.settings)
  await using _ = agent

  for (const requestId of ['meanwhile', 'before']) {
    await client.uploadVolume(request({ requestId }), soon())
    expect(await ended(client, requestId)).toMatchObject({
      state: 'failed',
      error: { code: 'destination_exists', retryable: false },
    })
  }
  expect(at.server.objects.get(key)).toBe(other)
  expect(at.server.uploads.size).toBe(0)
  expect(at.server.count('begin')).toBe(1)
})

test('answers that are lost and errors that pass cost nothing but time', async () => {
  const faults: Record<string, 'cut' | 'lose' | { status: number; code: string }> = {
    'head 1': { status: 503, code: 'SlowDown' },
    'begin 1': 'lose',
    'put 1': 'cut',
    'put 2': { status: 500, code: 'InternalError' },
    'put 3': 'lose',
    'complete 1': 'lose',
  }
  await using at = await begun({ before: (call, nth) => faults[`${call} ${nth}`] })
  const { agent, client } = await at.host.start(at.settings)
  await using _ = agent

  await client.uploadVolume(request(), soon())

  expect(await ended(client)).toMatchObject({ state: 'succeeded', result: { sha256: digest('sha256') } })
  expect(at.server.objects.get(key)?.content.equals(content)).toBe(true)
  expect(at.server.uploads.size, 'also the one of which nothing was heard is gone').toBe(0)
})

test('a server without checksums and without conditions will do', async () => {
  await using at = await begun({ checksums: false, conditional: false })
  const { agent, client } = await at.host.start(at.settings)
  await using _ = agent

  await client.uploadVolume(request(), soon())

  expect(await ended(client)).toMatchObject({ state: 'succeeded' })
  expect(at.server.objects.get(key)?.content.equals(content)).toBe(true)
})

test('a part that was kept as something else is sent again', async () => {
  const kept = (part: Buffer, nth: number) => (nth === 1 ? Buffer.from(part).fill(0, 0, 1) : part)
  await using at = await begun({ checksums: false, kept })
  const { agent, client } = await at.host.start(at.settings)
  await using _ = agent

  await client.uploadVolume(request(), soon())

  expect(await ended(client)).toMatchObject({ state: 'succeeded' })
  expect(at.server.count('put')).toBe(3)
  expect(at.server.objects.get(key)?.content.equals(content)).toBe(true)
})

test('a server that fails for good leaves no parts', async () => {
  await using at = await begun({
    before: (call, nth) => (call === 'put' && nth > 1 ? { status: 403, code: 'AccessDenied' } : undefined),
  })
  const { agent, client } = await at.host.start(at.settings)
  await using _ = agent

  await client.uploadVolume(request(), soon())

  const { error } = await ended(client)
  expect(error).toMatchObject({ code: 'destination_refused' })
  expect(error?.message).toContain('403 AccessDenied')
  expect(at.server.uploads.size).toBe(0)
})

test('with other keys it is refused before anything is read', async () => {
  await using at = await begun()
  const { agent, client } = await at.host.start(at.settings)
  await using _ = agent

  await client.uploadVolume(request({ secrets: { ...keys, secretAccessKey: 'wrong-word' } }), soon())
  expect(await ended(client)).toMatchObject({ error: { code: 'destination_refused' }, doneBytes: 0 })

  const { secrets: _secrets, ...without } = request({ requestId: 'other' })
  await expect(client.uploadVolume(without, soon())).rejects.toMatchObject({
    code: 'bad_request',
    message: expect.stringContaining('secrets.accessKeyId'),
  })
})

test('keys that expire in the middle are asked for, and no part is sent again', async () => {
  let isExpired = true
  await using at = await begun({
    before: (call, nth) =>
      isExpired && call === 'put' && nth === 2 ? { status: 400, code: 'ExpiredToken' } : undefined,
  })
  const { agent, client } = await at.host.start(at.settings)
  await using _ = agent
  await client.uploadVolume(request({ format: 'qcow2', compression: 'zstd' }), soon())
  expect(await ended(client)).toMatchObject({
    state: 'failed',
    error: { code: 'interrupted', retryable: true },
  })
  expect(staged(at.host)).toHaveLength(1)
  isExpired = false

  await client.uploadVolume(request({ format: 'qcow2', compression: 'zstd' }), soon())

  expect(await ended(client)).toMatchObject({ state: 'succeeded' })
  expect(at.server.count('begin')).toBe(1)
  expect(staged(at.host)).toEqual([])
})

test('cancelled in the middle it leaves neither parts nor files', { timeout: 60_000 }, async () => {
  await using at = await begun({ paceMs: 20 })
  const { agent, client } = await at.host.start(at.settings)
  await using _ = agent
  await client.uploadVolume(request({ format: 'qcow2', compression: 'zstd' }), soon())
  await until(async () => {
    const { phase, uploadedBytes = 0 } = await client.task({ id: 'request-1' }, soon())
    return phase === 'upload' && uploadedBytes > 0 ? true : undefined
  })

  const asked = performance.now()
  expect(await client.cancelTask({ id: 'request-1' }, soon())).toMatchObject({ state: 'cancelled' })
  expect(performance.now() - asked).toBeLessThan(5_000)
  expect(at.server.uploads.size).toBe(0)
  expect(at.server.objects.size).toBe(0)
  expect(staged(at.host)).toEqual([])
})

test.each([
  ['was shrunk', 'size_mismatch', (volume: string) => truncate(volume, MiB)],
  ['went', 'not_attached', (_: string, host: Host) => rm(host.at('dev/storpool-byid', globalId))],
])('a volume that %s under it leaves no parts', async (_, code, change) => {
  await using at = await begun({
    before: async (call) => {
      if (call === 'begin') await change(at.volume, at.host)
      return undefined
    },
  })
  const { agent, client } = await at.host.start(at.settings)
  await using _agent = agent

  await client.uploadVolume(request(), soon())

  expect(await ended(client)).toMatchObject({ state: 'failed', error: { code } })
  expect(at.server.uploads.size).toBe(0)
  expect(at.server.objects.size).toBe(0)
})

test('a volume that is written to while it is read leaves no parts', async () => {
  await using at = await begun({
    before: async (call, nth) => {
      if (call !== 'put' || nth !== 1) return undefined
      await writeFile(at.volume, noise(bytes), { flag: 'r+' })
      return { status: 503, code: 'SlowDown' }
    },
  })
  const { agent, client } = await at.host.start(at.settings)
  await using _ = agent

  await client.uploadVolume(request(), soon())

  expect(await ended(client)).toMatchObject({
    error: { code: 'source_changed', message: expect.stringContaining('read from a snapshot') },
  })
  expect(at.server.uploads.size).toBe(0)
})
