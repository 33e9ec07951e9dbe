import type { DurableContext } from '@aws/durable-execution-sdk-js'
import { DriverError } from '../errors.ts'
import type { JobBackend } from './backend.ts'
import type { JobKind } from './document.ts'
import { LOOKS, lookAgainSeconds } from './retry.ts'
import { type RunStep, StepFailed } from './step.ts'

/** The step a job stands at while it is in line. */
export const turnName = (host: string): string => `wait for ${host}'s turn`

/**
 * Stand in a host's line until it is the job's turn. Where it is so at once this is one step; else whoever leaves the
 * line ends the wait, and a cancel does.
 */
export const standInLine = async <Kind extends JobKind>(
  context: DurableContext,
  runStep: RunStep<Kind>,
  host: string,
): Promise<void> => {
  const name = turnName(host)
  const look = async (backend: JobBackend, { id }: { readonly id: string }) => {
    const ahead = await placeIn(backend, host, id)
    await backend.jobs.change(id, { waiting: ahead === 0 ? null : { host, ahead } }, ['running'])
    return ahead
  }

  let ahead = await runStep(name, name, async (backend, job) =>
    (await placeIn(backend, host, job.id)) === 0 ? 0 : look(backend, job),
  )
  for (let round = 0; ahead > 0; round++) {
    if (round === LOOKS) {
      const message = `the host ${host} has been at work for others for days`
      throw new StepFailed({ name: 'HostNotReady', message, step: name })
    }
    const [woken, callbackId] = await context.createCallback(`${name}: wait ${round}`, {
      timeout: { seconds: lookAgainSeconds(round, ahead) },
    })
    ahead = await runStep(`${name}: look ${round}`, name, look, { callbackId, again: true })
    if (ahead > 0) await woken.catch(() => 'the time-out is the signal to look')
  }
}

/** @returns how many jobs have to end before it is this one's turn. */
async function placeIn(backend: JobBackend, host: string, id: string): Promise<number> {
  const ahead = await backend.turns.take(host, id)
  if (ahead === undefined) {
    throw new DriverError('HostNotReady', `the line in front of host ${host} is as long as it may be`, {
      details: { line: 'full' },
    })
  }
  return ahead
}
