import { isAgentError } from '../../agent/errors.ts'
import type { Task } from '../../agent/tasks.ts'
import { fromAgent } from '../../drivers-words.ts'
import { DriverError } from '../../errors.ts'
import type { JobBackend } from '../backend.ts'
import { attachmentOf, type CopyImageJob, held, hostOf, taskOf } from './held.ts'

/** Milliseconds the agent may wait for the device within one step. */
const DEVICE_WAIT_MS = 15_000

/** Milliseconds an answer of the agent's may take that waits for nothing. */
const ANSWER_MS = 5_000

const by = (backend: JobBackend, ms: number): number => Math.min(backend.storpool.deadline, Date.now() + ms)

/** Wait until the device is there, with the volume's size. */
export async function awaitDevice(backend: JobBackend, job: CopyImageJob): Promise<void> {
  const { agent, clientId, volume, attachment } = await held(backend, job)
  await agent.attachWait(
    { clientId, volume, attachment, mode: 'rw', waitMs: DEVICE_WAIT_MS },
    by(backend, DEVICE_WAIT_MS + ANSWER_MS),
  )
}

/** Have the agent begin. Run again, it is the same task. */
export async function startCopy(backend: JobBackend, job: CopyImageJob): Promise<void> {
  const mine = await held(backend, job)
  await backend.jobs.change(job.id, { task: { host: mine.host.name, id: taskOf(job) } }, ['running'])
  await begin(backend, job, mine).catch(async (error: unknown) => {
    if (!isAgentError(error, 'recovering')) throw error
    // Read anew: what was read before the agent said so may be what it has forgotten.
    const now = await held(backend, job)
    const { clientId, volume, attachment } = now
    const adopted = { clientId, volume: { globalId: volume.globalId }, attachment }
    await now.agent.adopt(adopted, by(backend, ANSWER_MS))
    await begin(backend, job, now)
  })
}

const begin = (
  backend: JobBackend,
  job: CopyImageJob,
  { agent, clientId, volume, attachment }: Awaited<ReturnType<typeof held>>,
): Promise<Task> => {
  const { source, format, sha256 } = job.input.image
  return agent.copyImage(
    {
      requestId: taskOf(job),
      clientId,
      volume,
      attachment,
      source,
      format,
      ...(sha256 === undefined ? {} : { sha256 }),
      targetState: 'unknown',
    },
    by(backend, ANSWER_MS),
  )
}

/**
 * Ask how far it is, and note it. An agent that has lost its memory, or what a restart must not remember, is told to
 * begin again.
 *
 * @returns whether everything is on the device.
 * @throws DriverError in whose words the copy failed. StaleGeneration: somebody ended the job's attachment.
 */
export async function isCopied(backend: JobBackend, job: CopyImageJob): Promise<boolean> {
  const agent = backend.agentOn(await hostOf(backend, job))
  const task = await agent.task({ id: taskOf(job) }, by(backend, ANSWER_MS)).catch((error: unknown) => {
    if (isAgentError(error, 'not_found')) return undefined
    throw error
  })
  if (task === undefined) {
    await startCopy(backend, job)
    return false
  }
  const { state, doneBytes, totalBytes, bytesPerSecond, error } = task
  await backend.jobs.change(job.id, { doneBytes, totalBytes, bytesPerSecond }, ['running'])
  if (state === 'failed' && error?.code === 'interrupted') {
    await startCopy(backend, job)
    return false
  }
  if (state === 'failed') {
    throw fromAgent(error?.code ?? 'io_error', error?.message ?? 'the copy failed', error?.details)
  }
  if (state === 'cancelled')
    throw new DriverError('Conflict', `the copy was stopped on host ${job.input.host}`)
  await assertStillHeld(backend, job, task)
  return state === 'succeeded'
}

/** Bytes that were written after the volume was taken away may be lost, or somebody else's by now. */
async function assertStillHeld(
  backend: JobBackend,
  job: CopyImageJob,
  { volume, generation }: Pick<Task, 'volume' | 'generation'>,
): Promise<void> {
  const page = volume === undefined ? undefined : await backend.attachments.read(volume)
  const mine = page?.attachments[attachmentOf(job)]
  if (mine !== undefined && mine.generation === generation && mine.state !== 'detaching') return
  throw new DriverError('StaleGeneration', `the volume was detached from ${job.input.host} while the job ran`)
}

/** Nothing writes any more. What was written stays, and the record says so. */
export async function stopCopy(backend: JobBackend, job: CopyImageJob): Promise<void> {
  const agent = backend.agentOn(await hostOf(backend, job))
  const task = await agent
    .cancelTask({ id: taskOf(job) }, by(backend, DEVICE_WAIT_MS))
    .catch((error: unknown) => {
      if (isAgentError(error, 'not_found')) return undefined
      throw error
    })
  if (task === undefined) return
  const volume = task.state === 'succeeded' ? 'written' : 'partly written'
  if (volume === 'partly written' && !(task.result?.partlyWritten ?? task.doneBytes > 0)) return
  const { doneBytes, totalBytes } = task
  await backend.jobs.change(job.id, { doneBytes, totalBytes, result: { volume } }, ['running'])
}
