import type { Task } from '../../agent/tasks.ts'
import type { JobBackend } from '../backend.ts'
import type { JobOf } from '../document.ts'
import { source } from '../on-host/source.ts'
import { finishedTask, type HostTask, startTask, stopTask } from '../on-host/task.ts'

type BackupJob = JobOf<'backup-volume'>

/** Every byte of the source into the repository. */
const backingUp = (backend: JobBackend, job: BackupJob): HostTask => ({
  name: 'backup',
  parts: [source(backend, job)],
  async begin(agent, asking, [held], deadline) {
    if (held === undefined) throw new Error('a backup has a source')
    const { repository, volume, backup_id } = job.input
    const secrets = await backend.secretsOf(repository)
    const tags = {
      job: job.id,
      volume: volume.id,
      ...(backup_id === undefined ? {} : { backup: backup_id }),
    }
    return agent.backupVolume({ ...asking, ...held, repository, tags, ...(secrets && { secrets }) }, deadline)
  },
})

export const startBackup = (backend: JobBackend, job: BackupJob): Promise<void> =>
  startTask(backend, job, backingUp(backend, job))

export async function isBackedUp(backend: JobBackend, job: BackupJob): Promise<boolean> {
  const task = await finishedTask(backend, job, backingUp(backend, job))
  if (task !== undefined) await keepResult(backend, job, task)
  return task !== undefined
}

/**
 * What was sent so far is no backup, and goes when the repository is next pruned. One that is whole by then stays, and
 * the record names it.
 */
export async function stopBackup(backend: JobBackend, job: BackupJob): Promise<void> {
  const task = await stopTask(backend, job, backingUp(backend, job))
  if (task?.state === 'succeeded') await keepResult(backend, job, task)
}

/** What a restore has to be given. */
async function keepResult(backend: JobBackend, job: BackupJob, task: Task): Promise<void> {
  const { snapshotId, sizeBytes, addedBytes, sha256 } = task.result ?? {}
  const backup = { repository: job.input.repository, snapshotId, sizeBytes, addedBytes, sha256 }
  await backend.jobs.change(job.id, { result: { backup } }, ['running'])
}
