import type { AgentClient } from '../../agent/client.ts'
import { AgentError, isAgentError } from '../../agent/errors.ts'
import { agentErrors, passingFaults } from '../../agent/protocol.ts'
import type { Secrets, Task } from '../../agent/tasks.ts'
import { toldId } from '../../driver/backend.ts'
import { DriverError } from '../../errors.ts'
import type { JobBackend } from '../backend.ts'
import { ANSWER_MS, type Held, type HostJob, held, hostOf, type Part } from './part.ts'

/** Milliseconds the agent may take to stop what it runs. */
const STOP_MS = 15_000

/** How often a task is begun again that failed of what may pass: with the waits between askings, about ten minutes. */
const AGAIN = 20

/** What every request for a task says. */
export interface Asking {
  readonly requestId: string
  readonly clientId: number
}

/** A piece of work on the job's host. */
export interface HostTask {
  /** What it is called among the job's tasks. */
  readonly name: string
  /** What it uses; the order is the one `begin` gets them in. */
  readonly parts: readonly Part[]
  begin(agent: AgentClient, asking: Asking, parts: readonly Held[], deadline: number): Promise<Task>
}

const taskId = (job: HostJob, { name }: HostTask): string => `${job.id}:${name}`

const heldParts = (job: HostJob, { parts }: HostTask) => Promise.all(parts.map((part) => held(job, part)))

/** Have the agent begin. Run again, it is the same task. */
export async function startTask(
  backend: JobBackend,
  job: HostJob,
  task: HostTask,
  again?: number,
): Promise<void> {
  const host = await hostOf(backend, job)
  const agent = await backend.agentOn(host)
  const asking = { requestId: taskId(job, task), clientId: toldId(host) }
  const begun = { host: host.name, id: asking.requestId, ...(again !== undefined && { again }) }
  await backend.jobs.change(job.id, { task: begun }, ['running'])
  const begin = async (parts: readonly Held[]) => task.begin(agent, asking, parts, backend.within(ANSWER_MS))
  await begin(await heldParts(job, task)).catch(async (error: unknown) => {
    if (!isAgentError(error, 'recovering')) throw error
    // Read anew: what was read before the agent said so may be what it has forgotten.
    const now = await heldParts(job, task)
    for (const { volume, attachment } of now) {
      const adopted = { clientId: toldId(host), volume: { globalId: volume.globalId }, attachment }
      await agent.adopt(adopted, backend.within(ANSWER_MS))
    }
    await begin(now)
  })
}

/**
 * Ask how far it is, and note it. An agent that has lost its memory is told to begin again, and so is one that was started
 * anew: it goes on with nothing before somebody has looked up whose the volumes are by now.
 *
 * @returns the task once it has succeeded; undefined while it runs.
 * @throws DriverError in whose words it failed. StaleGeneration: somebody ended one of the job's attachments.
 */
export async function finishedTask(
  backend: JobBackend,
  job: HostJob,
  wanted: HostTask,
): Promise<Task | undefined> {
  const agent = await backend.agentOn(await hostOf(backend, job))
  const task = await agent
    .task({ id: taskId(job, wanted) }, backend.within(ANSWER_MS))
    .catch((error: unknown) => {
      if (isAgentError(error, 'not_found')) return undefined
      throw error
    })
  if (task !== undefined) {
    const { doneBytes, totalBytes, bytesPerSecond } = task
    await backend.jobs.change(job.id, { doneBytes, totalBytes, bytesPerSecond }, ['running'])
  }
  if (task === undefined || (task.state === 'failed' && task.error?.code === 'interrupted')) {
    await startTask(backend, job, wanted)
    return undefined
  }
  const { state } = task
  if (state === 'failed') return failed(backend, job, wanted, task)
  if (state === 'cancelled') {
    throw new DriverError('Conflict', `the ${wanted.name} was stopped on host ${job.input.host}`)
  }
  // Bytes that moved after a volume was taken away may be lost, or somebody else's by now.
  await heldParts(job, wanted)
  return state === 'succeeded' ? task : undefined
}

/**
 * What a task failed of may pass, and then it is begun again; a fault that does not ends the job at once.
 *
 * @throws AgentError what it failed of; worth another asking where it was begun again
 */
async function failed(
  backend: JobBackend,
  job: HostJob,
  wanted: HostTask,
  { error, id }: Task,
): Promise<never> {
  const { code = 'io_error', message = `the ${wanted.name} failed`, details } = error ?? {}
  const { task } = (await backend.jobs.get(job.id)) ?? {}
  const again = (task?.id === id ? (task.again ?? 0) : 0) + 1
  const retryable = passingFaults.includes(code) && again <= AGAIN
  if (retryable) await startTask(backend, job, wanted, again)
  throw new AgentError(message, { ...agentErrors.io_error, code, retryable, details })
}

/**
 * Nothing of it runs any more.
 *
 * @param secrets what opens the store where it may have left something.
 * @returns how it ended; undefined where the agent knows of none.
 */
export async function stopTask(
  backend: JobBackend,
  job: HostJob,
  task: HostTask,
  secrets?: Secrets,
): Promise<Task | undefined> {
  const agent = await backend.agentOn(await hostOf(backend, job))
  const cancel = { id: taskId(job, task), ...(secrets && { secrets }) }
  return agent.cancelTask(cancel, backend.within(STOP_MS)).catch((error: unknown) => {
    if (isAgentError(error, 'not_found')) return undefined
    throw error
  })
}

/** Nothing writes any more. What was written stays, and the record says so. */
export async function stopWriting(backend: JobBackend, job: HostJob, writing: HostTask): Promise<void> {
  const task = await stopTask(backend, job, writing)
  if (task === undefined) return
  const volume = task.state === 'succeeded' ? 'written' : 'partly written'
  if (volume === 'partly written' && !(task.result?.partlyWritten ?? task.doneBytes > 0)) return
  const { doneBytes, totalBytes } = task
  await backend.jobs.change(job.id, { doneBytes, totalBytes, result: { volume } }, ['running'])
}
