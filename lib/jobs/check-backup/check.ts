import type { JobBackend } from '../backend.ts'
import type { JobOf } from '../document.ts'
import { finishedTask, type HostTask, startTask, stopTask } from '../on-host/task.ts'

type CheckJob = JobOf<'check-backup'>

const checking = (backend: JobBackend, { input }: CheckJob): HostTask => ({
  name: 'check',
  parts: [],
  async begin(agent, asking, _parts, deadline) {
    const { repository, backup, readDataPercent } = input
    const secrets = await backend.secretsOf(repository)
    return agent.checkBackup(
      {
        ...asking,
        repository,
        ...(backup && { snapshotId: backup.snapshotId }),
        ...(readDataPercent === undefined ? {} : { readDataPercent }),
        ...(secrets && { secrets }),
      },
      deadline,
    )
  },
})

export const startCheck = (backend: JobBackend, job: CheckJob): Promise<void> =>
  startTask(backend, job, checking(backend, job))

export const isChecked = async (backend: JobBackend, job: CheckJob): Promise<boolean> =>
  (await finishedTask(backend, job, checking(backend, job))) !== undefined

export async function stopCheck(backend: JobBackend, job: CheckJob): Promise<void> {
  await stopTask(backend, job, checking(backend, job))
}
