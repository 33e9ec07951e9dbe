import { setTimeout as sleep } from 'node:timers/promises'
import { childrenOf } from '../memory.ts'
import { median, rounded } from '../statistics.ts'
import type { JobStand } from './stand.ts'

const lookMs = 10

export interface Cancelled {
  /** Seconds until nothing of the agent's ran, and until the record was final: from the request on. */
  readonly childGone: number
  readonly final: number
  /** Both, in the slowest round. */
  readonly slowest: number
}

const until = async (isSo: () => Promise<boolean>): Promise<number> => {
  while (!(await isSo())) await sleep(lookMs)
  return performance.now()
}

/** @returns when a job's bytes move; `undefined` where it ended before that was seen. */
const atWork = async (stand: JobStand, id: string, task: string): Promise<boolean> => {
  for (;;) {
    const { status } = await stand.job(id)
    if (status !== 'queued' && status !== 'running') return false
    const phase = await stand.task(id, task).then(
      (found) => found.phase,
      () => 'none',
    )
    if (phase === 'copy' && (await childrenOf(stand.agentPid)).length > 0) return true
    await sleep(lookMs)
  }
}

/**
 * Cancel a job while its bytes move.
 *
 * @param submit asks for it, and says its id
 */
export const measureCancel = async (
  stand: JobStand,
  task: string,
  rounds: number,
  submit: (round: number) => Promise<string>,
): Promise<Cancelled> => {
  const taken: { gone: number; final: number }[] = []
  for (let round = 0; round < rounds; round++) {
    const id = await submit(round)
    if (!(await atWork(stand, id, task))) throw new Error(`the ${task} ended before it could be cancelled`)
    const began = performance.now()
    const gone = until(async () => (await childrenOf(stand.agentPid)).length === 0)
    await stand.call(`/jobs/${id}/cancel`, {})
    await stand.ended(id, { status: 'cancelled', askMs: 50 })
    taken.push({ final: performance.now() - began, gone: (await gone) - began })
  }
  const seconds = (ms: number) => rounded(ms / 1000)
  return {
    childGone: seconds(median(taken.map(({ gone }) => gone))),
    final: seconds(median(taken.map(({ final }) => final))),
    slowest: seconds(Math.max(...taken.flatMap(({ gone, final }) => [gone, final]))),
  }
}
