import { spawn } from 'node:child_process'
import { symlink, unlink, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Backups,
  backedUp,
  backupRequest,
  done,
  inNightly,
  locksIn,
  ofVolume as of,
  password,
  snapshotsIn,
  startBackups,
} from '../../agent/backup-support.ts'
import { startProgram } from '../../agent/program.ts'
import { ended, type Host, MiB, makeHost, noise, sha256, soon, underWay, until } from '../../agent/support.ts'

let host: Host
let backups: Backups
beforeAll(async () => {
  host = await makeHost()
  backups = await startBackups(host)
  await writeFile(await host.attach(MiB, { id: 'a.b.1' }), noise(MiB))
  await backedUp(backups.client, MiB, of('a.b.1', MiB))
})
afterAll(async () => {
  await backups.agent.close()
  await host[Symbol.asyncDispose]()
})

const snapshots = () => snapshotsIn(backups)
const locks = () => locksIn(backups)

test('killed in the middle, the next agent leaves no child, asks for the secrets, and the same request is whole', async () => {
  const { path } = backups
  const large = 256 * MiB
  const file = await host.attach(large, { id: 'a.b.6', fill: 'x' })
  const request = backupRequest(large, of('a.b.6', large))
  await using other = await makeHost()
  await symlink(file, other.at('dev/storpool-byid/a.b.6'))
  const changes = { stores: { nightly: { kind: 'restic', path } } }
  {
    await using first = await startProgram(other, { changes })
    await first.client.backupVolume(request, soon())
    await underWay(first.client, MiB, request.requestId)
    await first.kill()
  }

  await using second = await startProgram(other, { changes })
  expect(other.children()).toEqual([])
  expect(await ended(second.client, request.requestId)).toMatchObject({
    state: 'failed',
    error: { code: 'interrupted', retryable: true },
  })
  const result = await done(second.client, second.client.backupVolume(request, soon()))
  expect(result).toMatchObject({ sizeBytes: large, sha256: await sha256(file) })
  // The lock of the one that was killed hinders nobody.
  const { snapshotId = '' } = result
  await done(second.client, second.client.deleteBackup({ ...inNightly('delete'), snapshotId }, soon()))
  expect(locks()).toEqual([])
})

test('a repository that somebody else works in is not taken from him', { timeout: 60_000 }, async () => {
  const { client, path } = backups
  const [one] = snapshots()
  const theirs = spawn('restic', ['--no-cache', '-r', path, 'backup', '--stdin', '--quiet'], {
    env: { ...process.env, RESTIC_PASSWORD: password },
    stdio: ['pipe', 'ignore', 'ignore'],
    // As whom the agent's does, who must be able to read what it leaves.
    ...(process.getuid?.() === 0 && { uid: 65_531, gid: 65_531 }),
  })
  try {
    theirs.stdin.write('something')
    await until(() => (locks().length > 0 ? true : undefined))
    await client.deleteBackup({ ...inNightly('locked'), snapshotId: one!.id }, soon())
    await sleep(3_000)
    expect(await client.task({ id: 'locked' }, soon())).toMatchObject({ state: 'running' })
    expect(locks()).toHaveLength(1)
  } finally {
    theirs.stdin.end()
  }
  expect(await ended(client, 'locked')).toMatchObject({ state: 'succeeded' })
})

test.each(['locks', 'snapshots'])(
  'what goes from the %s between their listing and the look at them hinders nobody',
  async (folder) => {
    const { client, path } = backups
    const requestId = `made-${folder}`
    const { snapshotId } = await backedUp(client, MiB, { ...of('a.b.1', MiB), requestId })
    // Listed, and not there.
    const gone = `${path}/${folder}/${'a'.repeat(64)}`
    await symlink('/nowhere', gone)

    await client.deleteBackup({ ...inNightly(`beside-${folder}`), snapshotId }, soon())
    await sleep(3_000)
    await unlink(gone)

    expect(await ended(client, `beside-${folder}`)).toMatchObject({ state: 'succeeded' })
    expect(snapshots().map(({ id }) => id)).not.toContain(snapshotId)
    expect(locks()).toEqual([])
  },
)

test('a server that is not there may be there later', async () => {
  await using other = await makeHost()
  await other.attach(MiB)
  const s3 = { endpoint: 'http://127.0.0.1:9', region: 'here', bucket: 'backups', prefix: 'nightly' }
  const { agent, client } = await other.start({ stores: { nightly: { kind: 'restic', s3 } } })
  await using _ = agent
  const keys = { accessKeyId: 'key-of-it', secretAccessKey: 'hidden-word' }

  await client.backupVolume(backupRequest(MiB, { secrets: { password, ...keys } }), soon())

  const task = await ended(client, 'backup-1')
  expect(task).toMatchObject({ state: 'failed', error: { code: 'repository_unavailable', retryable: true } })
  expect(JSON.stringify(task)).not.toContain('hidden-word')
})
