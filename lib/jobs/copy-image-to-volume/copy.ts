import type { JobBackend } from '../backend.ts'
import { finishedTask, type HostTask, startTask, stopWriting } from '../on-host/task.ts'
import { type CopyImageJob, target } from './attach.ts'
import { imageForAgent } from './source.ts'

/** The image onto the volume. */
const copying = (backend: JobBackend, job: CopyImageJob): HostTask => ({
  name: 'copy',
  parts: [target(backend, job)],
  async begin(agent, asking, [held], deadline) {
    if (held === undefined) throw new Error('a copy has a volume')
    const image = await imageForAgent(backend, job)
    return agent.copyImage({ ...asking, ...held, ...image, targetState: 'unknown' }, deadline)
  },
})

export const startCopy = (backend: JobBackend, job: CopyImageJob): Promise<void> =>
  startTask(backend, job, copying(backend, job))

export const isCopied = async (backend: JobBackend, job: CopyImageJob): Promise<boolean> =>
  (await finishedTask(backend, job, copying(backend, job))) !== undefined

export const stopCopy = (backend: JobBackend, job: CopyImageJob): Promise<void> =>
  stopWriting(backend, job, copying(backend, job))
