import type { ImageSource } from '../../agent/tasks.ts'
import type { JobBackend } from '../backend.ts'
import { finishedTask, type HostTask, startTask, stopWriting } from '../on-host/task.ts'
import { wholeAddress } from '../withheld.ts'
import { type CopyImageJob, target } from './attach.ts'

/** The image onto the volume. */
const copying = (backend: JobBackend, job: CopyImageJob): HostTask => ({
  name: 'copy',
  parts: [target(backend, job)],
  async begin(agent, asking, [held], deadline) {
    if (held === undefined) throw new Error('a copy has a volume')
    const { format, sha256 } = job.input.image
    const source = await sourceOf(backend, job)
    const digest = sha256 === undefined ? {} : { sha256 }
    return agent.copyImage(
      { ...asking, ...held, source, format, ...digest, targetState: 'unknown' },
      deadline,
    )
  },
})

/** The agent is told the whole address, which is not in the document. */
async function sourceOf(backend: JobBackend, job: CopyImageJob): Promise<ImageSource> {
  const { source } = job.input.image
  if (source.kind !== 'https') return source
  return { ...source, url: await wholeAddress(backend.withheld, job, source.url) }
}

export const startCopy = (backend: JobBackend, job: CopyImageJob): Promise<void> =>
  startTask(backend, job, copying(backend, job))

export const isCopied = async (backend: JobBackend, job: CopyImageJob): Promise<boolean> =>
  (await finishedTask(backend, job, copying(backend, job))) !== undefined

export const stopCopy = (backend: JobBackend, job: CopyImageJob): Promise<void> =>
  stopWriting(backend, job, copying(backend, job))
