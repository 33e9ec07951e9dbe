import { execFileSync } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cancelledAt, queued, run, type System } from '../jobs/cluster-jobs.ts'
import { bytesOn, filled, nothingLeft } from '../jobs/host-jobs.ts'
import { startJobs } from '../support/jobs.ts'
import { aContext } from '../support/makers.ts'

let system: System
beforeAll(async () => {
  system = await startJobs()
})
afterAll(() => system[Symbol.asyncDispose]())

const host = 'host-1'

interface Made {
  repository: string
  snapshotId: string
  sizeBytes: number
  sha256: string
}

const backedUp = async (id: string): Promise<Made> => {
  const record = await run(system, 'backup-volume', { volume: { id }, repository: 'nightly', host })
  expect(record.error ?? undefined).toBeUndefined()
  const { addedBytes: _, ...backup } = (record.result as { backup: Made & { addedBytes: number } }).backup
  return backup
}

const onlyBackupOf = async (volume: string) => {
  const { handler } = await import('../../functions/jobs/list-backups.ts')
  const asked = { repository: 'nightly', host, volume }
  const listed = (await handler(asked, aContext('list-backups'))) as any
  expect(listed.backups).toHaveLength(1)
  return listed.backups[0]
}

test('a volume is backed up, restored onto a new and a larger one, checked and deleted', {
  timeout: 300_000,
}, async () => {
  const bytes = await filled(system, 'v')
  const backup = await backedUp('v')
  expect(backup.sizeBytes).toBe(1024 ** 3)
  await nothingLeft(system, ['v'])

  const { addedBytes: _, ...listed } = await onlyBackupOf('v')
  expect(listed).toEqual({ backup, time: expect.any(String), job: expect.any(String), volume: 'v' })

  const checked = await run(system, 'check-backup', {
    repository: 'nightly',
    backup: { snapshotId: backup.snapshotId, sizeBytes: backup.sizeBytes },
    host,
  })
  expect(checked).toMatchObject({ status: 'succeeded' })

  const restored = await run(system, 'restore-backup', {
    backup,
    volume: { id: 'made', size: 2 },
    create_volume: true,
    host,
  })
  expect(restored).toMatchObject({ status: 'succeeded' })
  expect(await bytesOn(system, 'made', bytes.length)).toEqual(bytes)

  await filled(system, 'v', { again: true })
  expect(await run(system, 'restore-backup', { backup, volume: { id: 'v' }, host })).toMatchObject({
    status: 'succeeded',
  })
  expect(await bytesOn(system, 'v', bytes.length)).toEqual(bytes)

  const { repository, snapshotId } = backup
  for (const again of [false, true]) {
    expect(
      await run(system, 'delete-backup', { backup: { repository, snapshotId }, host }),
      String(again),
    ).toMatchObject({ status: 'succeeded' })
  }
  expect(await run(system, 'restore-backup', { backup, volume: { id: 'v' }, host })).toMatchObject({
    status: 'failed',
    error: { details: { agent: 'backup_not_found' } },
  })
  await nothingLeft(system, ['v', 'made'])
  // What a restored volume is made with is the caller's: nobody's claim keeps it.
  await system.invoke('delete_volume', { volume: { id: 'made' } })
})

test('a volume that is there is not taken for one that is to be made', async () => {
  const bytes = await filled(system, 'there')
  const backup = await backedUp('v')

  const record = await run(system, 'restore-backup', {
    backup,
    volume: { id: 'there', size: 1 },
    create_volume: true,
    host,
  })

  expect(record).toMatchObject({ status: 'failed', error: { name: 'VolumeExists' } })
  expect(await bytesOn(system, 'there', bytes.length)).toEqual(bytes)
  await nothingLeft(system, ['v', 'there'])
})

test('a backup with another digest is not passed off as restored, and the made volume goes', async () => {
  const backup = await backedUp('v')

  const record = await run(system, 'restore-backup', {
    backup: { ...backup, sha256: '0'.repeat(64) },
    volume: { id: 'wrong', size: 1 },
    create_volume: true,
    host,
  })

  expect(record).toMatchObject({ status: 'failed', error: { details: { agent: 'digest_mismatch' } } })
  await nothingLeft(system, ['v', 'there'])
})

test.each(['take a snapshot', 'attach', 'start backup', 'backup'])(
  'cancelled at "%s", no snapshot and no attachment stay',
  async (step) => {
    const document = await queued(system, 'backup-volume', {
      volume: { id: 'v' },
      repository: 'nightly',
      host,
    })

    const record = await cancelledAt(system, document, step)

    expect(['cancelled', 'succeeded']).toContain(record.status)
    await nothingLeft(system, ['v', 'there'])
  },
)

test('the password of a repository is in no file of the agent, and in no record', async () => {
  const { data } = system.cluster.simulator
  const own = execFileSync('sh', ['-c', `grep -rlaF 'of the backups' '${join(data, 'agent')}' || true`])
  expect(own.toString()).toBe('')
  expect((await readdir(system.repository)).length).toBeGreaterThan(0)
  const records = await system.records.list({ limit: 100 })
  expect(JSON.stringify(records)).not.toContain('of the backups')
})
