import { clearLines, type Lines } from './clear-lines.ts'
import { endLostJobs, type Finding } from './lost.ts'
import { resendJobs } from './resend.ts'
import type { Submission } from './submit.ts'

export type Sweeping = Finding & Omit<Lines, 'jobs'> & Pick<Submission, 'queue'>

/** Look after the jobs nobody else looks after: each part runs whatever became of the others. */
export async function sweepJobs(to: Sweeping): Promise<{ resent: number; lost: number; cleared: number }> {
  const [resent, lost, cleared] = await Promise.allSettled([resendJobs(to), endLostJobs(to), clearLines(to)])
  return { resent: countOf(resent), lost: countOf(lost), cleared: countOf(cleared) }
}

const countOf = (settled: PromiseSettledResult<number>): number => {
  if (settled.status === 'rejected') throw settled.reason
  return settled.value
}
