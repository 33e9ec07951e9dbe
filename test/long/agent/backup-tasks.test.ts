import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type Backups,
  backedUp,
  backupRequest,
  done,
  inNightly,
  password,
  restoreRequest,
  startBackups,
} from '../../agent/backup-support.ts'
import { ended, type Host, MiB, makeHost, noise, restic, sha256, soon } from '../../agent/support.ts'

// One repository for all: to make one, and to open it, takes a while by design.
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

const bytes = 4 * MiB
const digest = (content: Buffer) => createHash('sha256').update(content).digest('hex')
const of = (id: string, sizeBytes = bytes) => ({
  volume: { globalId: id, sizeBytes },
  requestId: `backup ${id}`.replace(' ', '-'),
})

/** Data here and there, and most of it zeros. */
const disk = () => {
  const content = Buffer.alloc(bytes)
  noise(300_000).copy(content, MiB)
  noise(1000).copy(content, 3 * MiB + 77)
  return content
}

test('a backup has every byte of the volume, and is written back onto a new and a used one', {
  timeout: 60_000,
}, async () => {
  const { client, path } = backups
  const content = disk()
  const id = 'a.b.1'
  await writeFile(await host.attach(bytes, { id }), content)

  const asked = backupRequest(bytes, { ...of(id), tags: { job: 'job-1', backup: 'b-1' } })
  const task = await ended(client, (await client.backupVolume(asked, soon())).id)
  expect(task).toMatchObject({
    kind: 'backup-volume',
    state: 'succeeded',
    volume: id,
    doneBytes: bytes,
    totalBytes: bytes,
    result: { partlyWritten: false, sizeBytes: bytes, sha256: digest(content) },
  })
  const { snapshotId = '', addedBytes } = task.result!
  const ofOther = { ...inNightly('list-0'), globalId: id, tags: { backup: 'b-2' } }
  expect(await done(client, client.listBackups(ofOther, soon()))).toMatchObject({ total: 0 })
  const ofThis = { ...inNightly('list-1'), globalId: id, tags: { backup: 'b-1' } }
  const list = client.listBackups(ofThis, soon())
  expect(await done(client, list)).toMatchObject({
    total: 1,
    backups: [
      {
        snapshotId,
        volume: id,
        job: 'job-1',
        sizeBytes: bytes,
        addedBytes,
        sha256: digest(content),
        tags: { backup: 'b-1' },
      },
    ],
  })
  const again = { ...asked, requestId: 'backup-again' }
  expect(await done(client, client.backupVolume(again, soon())), 'the same job').toMatchObject({ snapshotId })
  const listedAgain = client.listBackups({ ...ofThis, requestId: 'list-2' }, soon())
  expect(await done(client, listedAgain), 'has one backup').toMatchObject({ total: 1 })

  const onNew = await host.attach(bytes, { id: 'r.s.t' })
  const restored = client.restoreBackup(restoreRequest(snapshotId, bytes), soon())
  expect(await done(client, restored)).toMatchObject({ partlyWritten: false, sha256: digest(content) })
  expect(await sha256(onNew)).toBe(digest(content))
  expect(statSync(onNew).blocks * 512, 'zeros stay holes').toBeLessThan(MiB)

  const onUsed = await host.attach(bytes + MiB, { id: 'u.v.w', fill: 'x' })
  const onto = restoreRequest(snapshotId, bytes, {
    requestId: 'restore-2',
    volume: { globalId: 'u.v.w', sizeBytes: bytes + MiB },
    targetState: 'unknown',
  })
  await done(client, client.restoreBackup(onto, soon()))
  const written = await readFile(onUsed)
  expect(written.subarray(0, bytes).equals(content)).toBe(true)
  expect(written.subarray(bytes).every((byte) => byte === 0)).toBe(true)
  expect(statSync(onUsed).blocks * 512, 'and are made again').toBeLessThan(MiB)
  expect(restic(path, password, 'snapshots', '--json')).toContain('"vol=a.b.1"')
})

test('another backup of a volume adds what has changed; a deleted one frees its room and leaves the others', {
  timeout: 60_000,
}, async () => {
  const { client, path } = backups
  const id = 'a.b.2'
  const large = 24 * MiB
  const file = await host.attach(large, { id })
  const content = noise(large)
  await writeFile(file, content)
  const first = await backedUp(client, large, of(id, large))

  noise(1000).copy(content, 12 * MiB)
  await writeFile(file, content)
  const second = await backedUp(client, large, { ...of(id, large), requestId: 'backup-2' })

  expect(first.addedBytes).toBeGreaterThan(large)
  // What has changed, and what restic cuts with it: a piece has 8 MiB at most.
  expect(second.addedBytes).toBeLessThan(17 * MiB)
  expect(second.sha256).toBe(digest(content))

  const { snapshotId } = second
  await done(client, client.deleteBackup({ ...inNightly('delete-1'), snapshotId }, soon()))
  await done(client, client.deleteBackup({ ...inNightly('delete-2'), snapshotId }, soon()))
  const stats = JSON.parse(restic(path, password, 'stats', '--mode', 'raw-data', '--json'))
  expect(stats.total_size).toBeLessThan(large + 2 * MiB)
  const whole = client.checkBackup({ ...inNightly('check-1'), snapshotId: first.snapshotId }, soon())
  expect(await done(client, whole)).toMatchObject({ sha256: first.sha256, sizeBytes: large })
  await done(client, client.checkBackup({ ...inNightly('check-2'), readDataPercent: 100 }, soon()))
})
