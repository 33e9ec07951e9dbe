import type { Task } from '../../agent/tasks.ts'
import type { JobBackend } from '../backend.ts'
import { secretsFor } from '../on-host/secrets.ts'
import { source } from '../on-host/source.ts'
import { finishedTask, type HostTask, startTask, stopTask } from '../on-host/task.ts'
import { destinationOf, type UploadJob } from './image.ts'

/** The source, converted, to where it was asked to be. */
const uploading = (backend: JobBackend, job: UploadJob): HostTask => ({
  name: 'upload',
  parts: [source(backend, job)],
  async begin(agent, asking, [held], deadline) {
    if (held === undefined) throw new Error('an upload has a source')
    const { format } = job.input.image
    const destination = destinationOf(job)
    const { compression = format === 'raw' ? 'none' : 'zstd' } = job.input.image
    const secrets = await secretsFor(backend, destination)
    return agent.uploadVolume(
      { ...asking, ...held, destination, format, compression, ...(secrets && { secrets }) },
      deadline,
    )
  },
})

export const startUpload = (backend: JobBackend, job: UploadJob): Promise<void> =>
  startTask(backend, job, uploading(backend, job))

export async function isUploaded(backend: JobBackend, job: UploadJob): Promise<boolean> {
  const task = await finishedTask(backend, job, uploading(backend, job))
  if (task !== undefined) await keepResult(backend, job, task)
  return task !== undefined
}

/** The agent removes what it has put there so far. An image that is whole by then stays, and the record names it. */
export async function stopUpload(backend: JobBackend, job: UploadJob): Promise<void> {
  const secrets = await backend.secretsOf(job.input.image.destination.store).catch(() => undefined)
  const task = await stopTask(backend, job, uploading(backend, job), secrets)
  if (task?.state === 'succeeded') await keepResult(backend, job, task)
}

/** Where it is, how large and what its digests are. */
async function keepResult(backend: JobBackend, job: UploadJob, task: Task): Promise<void> {
  const { sizeBytes, sha256, sha512, virtualSizeBytes } = task.result ?? {}
  const { format } = job.input.image
  const image = { destination: destinationOf(job), format, sizeBytes, virtualSizeBytes, sha256, sha512 }
  await backend.jobs.change(job.id, { result: { image } }, ['running'])
}
