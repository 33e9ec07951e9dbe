import { volumeSummary } from '../../storpool/volumes.ts'
import type { JobBackend } from '../backend.ts'
import { keepClaim } from '../claim.ts'
import { finishedTask, type HostTask, startTask, stopTask } from '../on-host/task.ts'
import type { Moving } from '../relocation.ts'
import { onHost, source, target } from './parts.ts'
import type { Copy, MigrateJob } from './take.ts'

/** Every byte of the one volume onto the other. */
async function copying(backend: JobBackend, job: MigrateJob, copy: Copy, made: Moving): Promise<HostTask> {
  return {
    name: 'copy',
    parts: [source(backend, job, copy), await target(backend, job, copy, made)],
    async begin(agent, asking, [from, to], deadline) {
      if (from === undefined || to === undefined) throw new Error('a copy has a source and a target')
      return agent.copyVolume({ ...asking, ...to, source: from, targetState: 'new' }, deadline)
    },
  }
}

export const startCopy =
  (copy: Copy, made: Moving) =>
  async (backend: JobBackend, job: MigrateJob): Promise<void> =>
    startTask(backend, onHost(job), await copying(backend, job, copy, made))

/** It may take days: both volumes stay the job's meanwhile. */
export const isCopied =
  (copy: Copy, made: Moving) =>
  async (backend: JobBackend, job: MigrateJob): Promise<boolean> => {
    const other = await backend.at(copy.to)
    await keepClaim(backend, job, await volumeSummary(backend.storpool, `~${copy.globalId}`))
    await keepClaim(other, job, await volumeSummary(other.storpool, `~${made.globalId}`))
    const task = await finishedTask(backend, onHost(job), await copying(backend, job, copy, made))
    return task !== undefined
  }

export const stopCopy =
  (copy: Copy, made: Moving) =>
  async (backend: JobBackend, job: MigrateJob): Promise<void> => {
    await stopTask(backend, onHost(job), await copying(backend, job, copy, made))
  }
