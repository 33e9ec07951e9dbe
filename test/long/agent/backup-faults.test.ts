import { readdirSync } from 'node:fs'
import { readFile, truncate, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Backups,
  backedUp,
  backupRequest,
  inNightly,
  locksIn,
  ofVolume as of,
  password,
  restoreRequest,
  snapshotsIn,
  startBackups,
} from '../../agent/backup-support.ts'
import {
  ended,
  type Host,
  MiB,
  makeHost,
  noise,
  remove,
  sha256,
  soon,
  underWay,
} from '../../agent/support.ts'

let host: Host
let backups: Backups
beforeAll(async () => {
  host = await makeHost()
  backups = await startBackups(host)
})
afterAll(async () => {
  await backups.agent.close()
  await host[Symbol.asyncDispose]()
})

const snapshots = () => snapshotsIn(backups)
const locks = () => locksIn(backups)

const large = 256 * MiB
/** A volume whose backup is under way, far from its end. @returns its file */
const backingUp = async (id: string) => {
  const file = await host.attach(large, { id, fill: 'x' })
  await backups.client.backupVolume(backupRequest(large, of(id, large)), soon())
  await underWay(backups.client, MiB, `backup-${id}`)
  return file
}

test('two that begin at once make one repository, which opens with one password alone', async () => {
  const { client, path } = backups
  for (const id of ['a.b.1', 'a.b.2']) await writeFile(await host.attach(MiB, { id }), noise(MiB))

  const begun = ['a.b.1', 'a.b.2'].map((id) => backedUp(client, MiB, of(id, MiB)))
  expect(await Promise.all(begun)).toHaveLength(2)

  expect(readdirSync(`${path}/keys`)).toHaveLength(1)
  expect(readdirSync(host.at()).filter((name) => name.startsWith('nightly'))).toEqual(['nightly'])
  expect(snapshots()).toHaveLength(2)
  const other = { ...inNightly('wrong'), secrets: { password: 'not the word' } }
  await client.listBackups(other, soon())
  const task = await ended(client, 'wrong')
  expect(task).toMatchObject({ state: 'failed', error: { code: 'wrong_password', retryable: false } })
  expect(JSON.stringify(task) + (await readFile(host.at('state/journal.jsonl'), 'utf8'))).not.toMatch(
    /not the word|opens it/,
  )
})

test('cancelled in the middle it leaves no snapshot, no lock and no process', async () => {
  const { client } = backups
  const before = snapshots().length
  await backingUp('a.b.3')

  const task = await client.cancelTask({ id: 'backup-a.b.3' }, soon())

  expect(task).toMatchObject({ state: 'cancelled', result: { partlyWritten: false } })
  expect(host.children()).toEqual([])
  expect(snapshots()).toHaveLength(before)
  expect(locks()).toEqual([])
})

test('a device that ends early, or cannot be read, is never taken for a smaller volume', async () => {
  const { client } = backups
  const before = snapshots().length
  const file = await backingUp('a.b.4')

  await truncate(file, MiB)

  const task = await ended(client, 'backup-a.b.4')
  expect(task).toMatchObject({ state: 'failed', error: { code: 'size_mismatch' } })
  expect(snapshots()).toHaveLength(before)
})

test('the same where the digest is far ahead of restic, which says that it is done', async () => {
  const { client } = backups
  const before = snapshots().length
  const file = await backingUp('a.b.10')

  const held = host.children().map(Number)
  for (const pid of held) process.kill(pid, 'SIGSTOP')
  await sleep(500)
  await truncate(file, MiB)
  for (const pid of held) process.kill(pid, 'SIGCONT')

  const task = await ended(client, 'backup-a.b.10')
  expect(task).toMatchObject({ state: 'failed', error: { code: 'size_mismatch' } })
  expect(snapshots()).toHaveLength(before)
})

test('a device that is taken from this host ends its backup', async () => {
  const { client } = backups
  await backingUp('a.b.8')

  // Held, so that it cannot be done before the loss is noticed.
  for (const pid of host.children()) process.kill(Number(pid), 'SIGSTOP')
  remove(host.at('dev/storpool-byid/a.b.8'))

  expect(await ended(client, 'backup-a.b.8')).toMatchObject({
    state: 'failed',
    error: { code: 'not_attached', retryable: true },
  })
  expect(host.children()).toEqual([])
})

test('restic killed in the middle is an error, and the next try is whole', async () => {
  const { client } = backups
  const file = await backingUp('a.b.5')

  for (const pid of host.children()) process.kill(Number(pid), 'SIGKILL')

  expect(await ended(client, 'backup-a.b.5')).toMatchObject({
    state: 'failed',
    error: { code: 'io_error', retryable: true },
  })
  const again = { ...of('a.b.5', large), requestId: 'again' }
  expect(await backedUp(client, large, again)).toMatchObject({ sha256: await sha256(file) })
})

test.each<[string, string, boolean, (host: Host) => object]>([
  ['a folder that cannot be made', 'repository_refused', false, () => ({ path: '/proc/nowhere' })],
  ['a folder with other things in it', 'repository_refused', false, (at) => ({ path: at.at('images') })],
])('%s is %s', async (_, code, retryable, store) => {
  await using other = await makeHost()
  await other.image('disk', noise(1000))
  await other.attach(MiB)
  const stores = { nightly: { kind: 'restic', ...store(other) } }
  const { agent, client } = await other.start({ stores })
  await using __ = agent
  const keys = { accessKeyId: 'key-of-it', secretAccessKey: 'hidden-word' }

  await client.backupVolume(backupRequest(MiB, { secrets: { password, ...keys } }), soon())

  const task = await ended(client, 'backup-1')
  expect(task).toMatchObject({ state: 'failed', error: { code, retryable } })
  expect(JSON.stringify(task)).not.toContain('hidden-word')
})

test('refuses at once what it has no place, no key or no program for', async () => {
  const { client } = backups
  const asked = (changes: object) => client.backupVolume(backupRequest(MiB, changes), soon())

  await expect(asked({ repository: 'nowhere' })).rejects.toMatchObject({
    code: 'bad_request',
    message: expect.stringContaining('stores'),
  })
  await expect(asked({ secrets: undefined })).rejects.toMatchObject({
    code: 'bad_request',
    message: expect.stringContaining('password'),
  })
  await expect(asked({ tags: { sha256: 'x' } })).rejects.toMatchObject({ code: 'bad_request' })
  const path = process.env.PATH
  process.env.PATH = host.at('nothing')
  await using other = await makeHost()
  const { agent, client: bare } = await other
    .start({ stores: { nightly: { kind: 'restic', path: other.at('nightly') } } })
    .finally(() => {
      process.env.PATH = path
    })
  await using _ = agent
  await expect(bare.backupVolume(backupRequest(MiB), soon())).rejects.toMatchObject({
    code: 'tool_missing',
    message: expect.stringContaining('npm run setup'),
  })
})

test('a backup that is gone, or other than it should be, is not written', async () => {
  const { client } = backups
  const file = await host.attach(MiB, { id: 'r.s.t', fill: 'x' })
  await writeFile(await host.attach(MiB, { id: 'a.b.7' }), noise(MiB))
  const { snapshotId } = await backedUp(client, MiB, of('a.b.7', MiB))
  const before = await sha256(file)
  const refusals = {
    backup_not_found: restoreRequest('0123456789abcdef', MiB),
    digest_mismatch: restoreRequest(snapshotId, MiB, { sha256: '0'.repeat(64) }),
    size_mismatch: restoreRequest(snapshotId, MiB - 512),
  }

  for (const [code, request] of Object.entries(refusals)) {
    const { volume: _, ...rest } = request
    const asked = { ...rest, requestId: code, volume: { globalId: 'r.s.t', sizeBytes: MiB } }
    await client.restoreBackup(asked, soon())
    expect(await ended(client, code)).toMatchObject({
      state: 'failed',
      error: { code, retryable: false },
      result: { partlyWritten: false },
    })
  }
  expect(await sha256(file)).toBe(before)
})
