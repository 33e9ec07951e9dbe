import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { link, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startProgram } from './program.ts'
import {
  clientId,
  cutOff,
  ended,
  globalId,
  type Host,
  journalLine,
  MiB,
  makeHost,
  noise,
  qemuImg,
  sha256,
  soon,
  until,
} from './support.ts'
import { onShelf, shelf, uploadRequest } from './uploads.ts'

/** A volume with data, holes and the header of an image that it is not. */
const volumeWithAHeader = async (host: Host, bytes: number) => {
  const file = await host.attach(bytes)
  const image = host.at('images/inner')
  qemuImg('create', '-f', 'qcow2', image, '1G')
  const content = Buffer.alloc(bytes)
  readFileSync(image).copy(content, 0, 0, 4096)
  noise(MiB).copy(content, 2 * MiB)
  await writeFile(file, content)
  await truncate(file, bytes)
  return file
}

test.each([
  ['qcow2', 'zstd'],
  ['qcow2', 'zlib'],
  ['qcow2', 'none'],
  ['raw', 'none'],
] as const)('a volume becomes a %s file, %s, of the same content', async (format, compression) => {
  await using host = await makeHost()
  const { agent, client } = await host.start(shelf(host))
  await using _ = agent
  const volume = await volumeWithAHeader(host, 8 * MiB)

  await client.uploadVolume(uploadRequest(8 * MiB, { format, compression }), soon())

  const task = await ended(client)
  const file = onShelf(host, 'disk')
  expect(task).toMatchObject({
    kind: 'upload-volume',
    state: 'succeeded',
    volume: globalId,
    doneBytes: 8 * MiB,
    totalBytes: 8 * MiB,
    result: {
      partlyWritten: false,
      format,
      virtualSizeBytes: 8 * MiB,
      sizeBytes: statSync(file).size,
      sha256: await sha256(file),
    },
  })
  expect(qemuImg('compare', '-f', 'raw', '-F', format, volume, file)).toContain('identical')
  const { 'format-specific': specific } = JSON.parse(qemuImg('info', '-f', format, '--output=json', file))
  if (compression !== 'none') expect(specific.data['compression-type']).toBe(compression)
  expect(readdirSync(host.at('shelf')), 'nothing else is left').toEqual(['disk'])
  expect(statSync(file).mode & 0o777).toBe(0o440)
})

test('asked for again it finds its file, and another request does not write over it', async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start(shelf(host))
  await using _ = agent
  await host.attach(2 * MiB, { fill: 'x' })
  await client.uploadVolume(uploadRequest(2 * MiB), soon())
  const first = await ended(client)

  expect(await client.uploadVolume(uploadRequest(2 * MiB), soon())).toEqual(first)
  await client.uploadVolume(uploadRequest(2 * MiB, { requestId: 'other' }), soon())

  expect(await ended(client, 'other')).toMatchObject({
    state: 'failed',
    error: { code: 'destination_exists', retryable: false },
    result: { partlyWritten: false },
  })
  expect(await sha256(onShelf(host, 'disk'))).toBe(first.result?.sha256)
  expect(readdirSync(host.at('shelf'))).toEqual(['disk'])
})

test('follows no link out of the folder, and writes over none', async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start(shelf(host))
  await using _ = agent
  await host.attach(2 * MiB, { fill: 'x' })
  await symlink(host.at('outside'), onShelf(host, 'disk'))

  await client.uploadVolume(uploadRequest(2 * MiB), soon())

  expect(await ended(client)).toMatchObject({ error: { code: 'destination_exists' } })
  expect(existsSync(host.at('outside'))).toBe(false)
  await expect(
    client.uploadVolume(
      uploadRequest(2 * MiB, { destination: { kind: 'folder', store: 'shelf', name: '../disk' } }),
      soon(),
    ),
  ).rejects.toMatchObject({ code: 'bad_request' })
})

test.each([
  ['a store it does not have', { destination: { kind: 'folder', store: 'none', name: 'a' } }],
  ['a store of another kind', { destination: { kind: 's3', store: 'shelf', key: 'a' } }],
  ['raw and compressed', { format: 'raw', compression: 'zstd' }],
] as const)('a request for %s is refused at once', async (_, changes) => {
  await using host = await makeHost()
  const { agent, client } = await host.start(shelf(host))
  await using _agent = agent
  await host.attach(2 * MiB)

  await expect(client.uploadVolume(uploadRequest(2 * MiB, changes), soon())).rejects.toMatchObject({
    code: 'bad_request',
  })
  await expect(client.task({ id: 'request-1' }, soon())).rejects.toMatchObject({ code: 'not_found' })
})

test('what turns out not to fit leaves nothing', { timeout: 60_000 }, async () => {
  await using host = await makeHost()
  await largeVolume(host)
  // No file may grow beyond this.
  const wrapper = ['prlimit', '--fsize=8388608']
  await using agent = await startProgram(host, { wrapper, changes: shelf(host) })

  await agent.client.uploadVolume(uploadRequest(largeBytes), soon())

  expect(await ended(agent.client)).toMatchObject({ error: { code: 'no_space', retryable: true } })
  expect(readdirSync(host.at('shelf'))).toEqual([])
})

test('cancelled while it is made, nothing of it is left', { timeout: 60_000 }, async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start(shelf(host))
  await using _ = agent
  await largeVolume(host)
  await client.uploadVolume(uploadRequest(largeBytes, { compression: 'zlib' }), soon())
  const thaw = await frozen(host)
  expect(await client.task({ id: 'request-1' }, soon())).toMatchObject({
    state: 'running',
    phase: 'copy',
    totalBytes: largeBytes,
  })

  const cancelled = client.cancelTask({ id: 'request-1' }, soon())
  await sleep(100)
  thaw()
  expect(await cancelled).toMatchObject({ state: 'cancelled' })
  expect(readdirSync(host.at('shelf'))).toEqual([])
  expect(host.children()).toEqual([])
})

test.each([
  ['was extended', 'size_mismatch', (volume: string) => truncate(volume, largeBytes + MiB)],
  ['was shrunk', 'size_mismatch', (volume: string) => truncate(volume, largeBytes - MiB)],
  ['went', 'not_attached', (_: string, host: Host) => rm(host.at('dev/storpool-byid', globalId))],
])('a volume that %s under it gives no file', { timeout: 60_000 }, async (_, code, change) => {
  await using host = await makeHost()
  const { agent, client } = await host.start(shelf(host))
  await using _agent = agent
  const volume = await largeVolume(host)
  await client.uploadVolume(uploadRequest(largeBytes, { compression: 'zlib' }), soon())
  const thaw = await frozen(host)
  await change(volume, host)
  thaw()

  expect(await ended(client)).toMatchObject({ state: 'failed', error: { code } })
  expect(readdirSync(host.at('shelf'))).toEqual([])
})

test('killed while it is made and started again, it makes the file', { timeout: 60_000 }, async () => {
  await using host = await makeHost()
  const volume = await largeVolume(host)
  {
    await using first = await startProgram(host, { changes: shelf(host) })
    await first.client.uploadVolume(uploadRequest(largeBytes, { compression: 'zlib' }), soon())
    await frozen(host)
    await first.kill()
  }
  expect(readdirSync(host.at('shelf'))).toHaveLength(1)

  await using second = await startProgram(host, { changes: shelf(host) })
  expect(await ended(second.client)).toMatchObject(cutOff)
  await second.client.uploadVolume(uploadRequest(largeBytes, { compression: 'zlib' }), soon())
  expect(await ended(second.client)).toMatchObject({ state: 'succeeded' })
  expect(qemuImg('compare', '-f', 'raw', '-F', 'qcow2', volume, onShelf(host, 'disk'))).toContain('identical')
  expect(readdirSync(host.at('shelf'))).toEqual(['disk'])
})

test.each([
  ['cancelled', []],
  ['asked for again', ['disk']],
])('killed when its file had just got its name, then %s, it knows that for its own', async (then, left) => {
  await using host = await makeHost()
  await host.attach(2 * MiB, { fill: 'x' })
  const first = await host.start(shelf(host))
  await first.client.uploadVolume(uploadRequest(2 * MiB), soon())
  const { result } = await ended(first.client)
  await first.agent.close()
  // As if killed before the end was put down.
  const journal = host.at('state/journal.jsonl')
  const lines = readFileSync(journal, 'utf8').trimEnd().split('\n')
  const end = lines.findIndex((line) => line.includes('"succeeded"'))
  await writeFile(journal, `${lines.slice(0, end).join('\n')}\n`)
  const hash = createHash('sha256').update(`${clientId}:request-1`).digest('hex').slice(0, 32)
  await link(onShelf(host, 'disk'), onShelf(host, `.cinderless-${hash}.part`))
  await rm(host.at('volumes', globalId))

  const { agent, client } = await host.start(shelf(host))
  await using _ = agent
  if (then === 'cancelled') await client.cancelTask({ id: 'request-1' }, soon())
  else {
    await client.uploadVolume(uploadRequest(2 * MiB), soon())
    expect(await ended(client)).toMatchObject({ state: 'succeeded', result })
  }
  expect(readdirSync(host.at('shelf'))).toEqual(left)
})

test('what a killed task has left is gone when it may not go on', { timeout: 60_000 }, async () => {
  await using host = await makeHost()
  await largeVolume(host)
  {
    await using first = await startProgram(host, { changes: shelf(host) })
    await first.client.uploadVolume(uploadRequest(largeBytes, { compression: 'zlib' }), soon())
    await frozen(host)
    await first.kill()
  }
  // As if the volume had been attached anew just then.
  const anew = { t: 'volume', globalId, generation: 2, attachmentId: 'a2', released: false }
  appendFileSync(host.at('state/journal.jsonl'), journalLine(anew))

  await using second = await startProgram(host, { changes: shelf(host) })
  expect(await ended(second.client)).toMatchObject({ error: { code: 'stale_generation' } })
  await until(() => (readdirSync(host.at('shelf')).length === 0 ? true : undefined))
})

/** Stop what makes the file, in the middle of it. */
const frozen = async (host: Host) => {
  // Not before it is qemu-img: until then it is a program that makes ready for it.
  const isConverting = (pid: string) =>
    existsSync(`/proc/${pid}`) && readFileSync(`/proc/${pid}/comm`, 'latin1') === 'qemu-img\n'
  const pid = await until(() => host.children().find(isConverting))
  process.kill(Number(pid), 'SIGSTOP')
  return () => void process.kill(Number(pid), 'SIGCONT')
}

const largeBytes = 16 * MiB
const largeVolume = async (host: Host) => {
  const file = await host.attach(largeBytes)
  await writeFile(file, noise(largeBytes))
  return file
}
