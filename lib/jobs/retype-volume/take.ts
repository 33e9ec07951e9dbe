import type { JobBackend } from '../backend.ts'
import { claim, release } from '../claim.ts'
import type { JobOf } from '../document.ts'
import type { Moving } from '../relocation.ts'
import { refuseElsewhere } from './refuse.ts'

export type RetypeJob = JobOf<'retype-volume'>

/** What a volume was like before the job. */
export interface Before extends Moving {
  readonly wait: RetypeJob['input']['wait']
  /** Empty where it had none. */
  readonly template: string
  readonly iops: number | '-'
  readonly bw: number | '-'
  /** Empty where it had none. */
  readonly qc: string
}

/** Take the volume, and remember its template, limits and class of service. Run again, they are still the old ones. */
export async function take(backend: JobBackend, job: RetypeJob): Promise<Before> {
  refuseElsewhere(job.input)
  const { globalId, templateName, iops, bw, tags } = await claim(backend, job, job.input.volume)
  const limits = { iops: iops ?? '-', bw: bw ?? '-' } as const
  return { globalId, template: templateName ?? '', ...limits, qc: tags?.qc ?? '', wait: job.input.wait }
}

export const giveBack = (backend: JobBackend, job: RetypeJob): Promise<void> =>
  release(backend, job, job.input.volume)
