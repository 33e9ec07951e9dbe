import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { readFile, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises'
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
  restic,
  sha256,
  soon,
  underWay,
  until,
} from '../../agent/support.ts'

/** What somebody else's work in a repository does to a task that is at work there too. */
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

// Not those that are being written.
const locks = () => locksIn(backups).filter((name) => name.length === 64)
const packs = () =>
  readdirSync(`${backups.path}/data`, { recursive: true }).filter((name) => name.length > 64)

/** The same for what waits for a while before it ends. */
const endedLate = (id: string) => ended(backups.client, id).catch(() => ended(backups.client, id))

/** A backup of new bytes, of a volume of its own. */
const aBackup = async (id: string) => {
  await writeFile(await host.attach(MiB, { id }), noise(MiB))
  return backedUp(backups.client, MiB, of(id, MiB))
}

/** Listed, and not there: as whoever lists sees what goes before he looks at it. */
const vanishing = async (folder: string) => {
  const gone = `${backups.path}/${folder}/${'a'.repeat(64)}`
  await symlink('/nowhere', gone)
  return () => unlink(gone)
}

test('a backup whose lock somebody removed is made again, and is one', async () => {
  const { client, path } = backups
  const large = 128 * MiB
  const file = await host.attach(large, { id: 'a.b.1', fill: 'x' })
  await client.backupVolume(backupRequest(large, of('a.b.1', large)), soon())
  await underWay(client, MiB, 'backup-a.b.1')

  for (const name of locks()) await rm(`${path}/locks/${name}`, { force: true })

  const task = await ended(client, 'backup-a.b.1')
  expect(task).toMatchObject({ state: 'succeeded', result: { sha256: await sha256(file) } })
  expect(snapshotsIn(backups).map(({ id }) => id)).toEqual([task.result?.snapshotId])
  expect(locks()).toEqual([])
})

test('a backup that was forgotten before its room could be freed has it freed in the next try', async () => {
  const { client, path } = backups
  const { snapshotId } = await aBackup('a.b.2')
  const before = packs().length
  const end = await vanishing('index')

  await client.deleteBackup({ ...inNightly('delete-2'), snapshotId }, soon())
  await until(() => (existsSync(`${path}/snapshots/${snapshotId}`) ? undefined : true))
  // Its first try is over.
  await until(() => (locks().length === 0 ? true : undefined))
  await end()

  expect(await ended(client, 'delete-2')).toMatchObject({ state: 'succeeded' })
  expect(packs().length).toBeLessThan(before)
})

test('a backup that goes while it is read is not found', async () => {
  const { client, path } = backups
  const { snapshotId } = await aBackup('a.b.3')
  await host.attach(MiB, { id: 'r.s.t' })
  const end = await vanishing('index')

  await client.restoreBackup(restoreRequest(snapshotId, MiB), soon())
  await until(async () =>
    (await client.task({ id: 'restore-1' }, soon())).phase === 'copy' ? true : undefined,
  )
  await rm(`${path}/snapshots/${snapshotId}`, { force: true })

  expect(await ended(client, 'restore-1')).toMatchObject({ error: { code: 'backup_not_found' } })
  await end()
})

test('a lock that may not be read is another one, and waited for', async () => {
  const { client, path } = backups
  const { snapshotId } = await aBackup('a.b.6')
  const theirs = `${path}/locks/${'b'.repeat(64)}`
  await writeFile(theirs, '', { mode: 0 })

  await client.deleteBackup({ ...inNightly('delete-6'), snapshotId }, soon())
  await sleep(2_000)
  expect(await client.task({ id: 'delete-6' }, soon())).toMatchObject({ state: 'running' })
  await unlink(theirs)

  expect(await ended(client, 'delete-6')).toMatchObject({ state: 'succeeded' })
})

test('a lock that restic will not remove is waited for, and not for ever', async () => {
  const { client, path } = backups
  const { snapshotId } = await aBackup('a.b.4')
  // Whoever has started restic never looks what became of it.
  const theirs = spawn(
    'sh',
    ['-c', 'exec 3<&0; restic --no-cache backup --stdin --quiet <&3 & exec sleep 120'],
    {
      env: { ...process.env, RESTIC_PASSWORD: password, RESTIC_REPOSITORY: path },
      stdio: ['pipe', 'ignore', 'ignore'],
      ...(process.getuid?.() === 0 && { uid: 65_531, gid: 65_531 }),
    },
  )
  try {
    theirs.stdin.write('something')
    const [lock = ''] = await until(() => (locks().length > 0 ? locks() : undefined))
    const { pid } = JSON.parse(restic(path, password, 'cat', 'lock', lock, '--no-lock'))
    process.kill(pid, 'SIGKILL')
    await until(async () => /State:\s+Z/.test(await readFile(`/proc/${pid}/status`, 'utf8')) || undefined)

    await client.deleteBackup({ ...inNightly('delete-4'), snapshotId }, soon())

    expect(await endedLate('delete-4')).toMatchObject({
      state: 'failed',
      error: { code: 'repository_locked', retryable: true },
    })
  } finally {
    theirs.kill()
    for (const name of locks()) await rm(`${path}/locks/${name}`, { force: true })
  }
})

test('a backup that cannot be opened hinders none of the others', async () => {
  const { client, path } = backups
  const { snapshotId } = await aBackup('a.b.7')
  const damaged = `${path}/snapshots/${'502f'.repeat(16)}`
  await writeFile(damaged, 'not what it was', { mode: 0o644 })

  await client.listBackups({ ...inNightly('list-7'), globalId: 'a.b.7' }, soon())

  expect(await ended(client, 'list-7')).toMatchObject({
    state: 'succeeded',
    result: { backups: [{ snapshotId }] },
  })
  await unlink(damaged)
})

test('a repository whose backups cannot be listed is not one without backups', {
  timeout: 180_000,
}, async () => {
  const { client, path } = backups
  await rename(`${path}/snapshots`, `${path}/away`)
  await writeFile(`${path}/snapshots`, '')

  await client.listBackups(inNightly('list-5'), soon())

  // As long as restic looks for them.
  expect(await endedLate('list-5')).toMatchObject({ state: 'failed', error: { code: 'io_error' } })
})
