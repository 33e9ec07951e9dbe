import type { JobBackend } from '../backend.ts'
import { finishedTask, type HostTask, startTask, stopWriting } from '../on-host/task.ts'
import { type RestoreJob, target } from './target.ts'

/** The backup's bytes onto the volume. */
const restoring = (backend: JobBackend, job: RestoreJob): HostTask => ({
  name: 'restore',
  parts: [target(backend, job)],
  async begin(agent, asking, [held], deadline) {
    if (held === undefined) throw new Error('a restore has a volume')
    const { repository, snapshotId, sizeBytes, sha256 } = job.input.backup
    const secrets = await backend.secretsOf(repository)
    return agent.restoreBackup(
      {
        ...asking,
        ...held,
        ...{ repository, snapshotId, sizeBytes },
        ...(sha256 === undefined ? {} : { sha256 }),
        targetState: 'unknown',
        ...(secrets && { secrets }),
      },
      deadline,
    )
  },
})

export const startRestore = (backend: JobBackend, job: RestoreJob): Promise<void> =>
  startTask(backend, job, restoring(backend, job))

export const isRestored = async (backend: JobBackend, job: RestoreJob): Promise<boolean> =>
  (await finishedTask(backend, job, restoring(backend, job))) !== undefined

export const stopRestore = (backend: JobBackend, job: RestoreJob): Promise<void> =>
  stopWriting(backend, job, restoring(backend, job))
