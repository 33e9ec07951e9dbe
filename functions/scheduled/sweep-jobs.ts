import { sweepJobs } from '../../lib/jobs/sweep.ts'
import { scheduled } from '../../lib/lambda/schedule.ts'
import { sweeping } from '../../lib/lambda/sweeping.ts'

export const handler = scheduled(() => sweepJobs(sweeping()))
