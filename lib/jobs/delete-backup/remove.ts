import type { JobBackend } from '../backend.ts'
import type { JobOf } from '../document.ts'
import { finishedTask, type HostTask, startTask, stopTask } from '../on-host/task.ts'

type DeleteJob = JobOf<'delete-backup'>

const removing = (backend: JobBackend, { input }: DeleteJob): HostTask => ({
  name: 'delete',
  parts: [],
  async begin(agent, asking, _parts, deadline) {
    const secrets = await backend.secretsOf(input.backup.repository)
    return agent.deleteBackup({ ...asking, ...input.backup, ...(secrets && { secrets }) }, deadline)
  },
})

export const startRemoving = (backend: JobBackend, job: DeleteJob): Promise<void> =>
  startTask(backend, job, removing(backend, job))

export const isRemoved = async (backend: JobBackend, job: DeleteJob): Promise<boolean> =>
  (await finishedTask(backend, job, removing(backend, job))) !== undefined

export async function stopRemoving(backend: JobBackend, job: DeleteJob): Promise<void> {
  await stopTask(backend, job, removing(backend, job))
}
