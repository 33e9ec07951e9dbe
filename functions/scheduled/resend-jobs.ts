import { resendJobs } from '../../lib/jobs/resend.ts'
import { scheduled } from '../../lib/lambda/schedule.ts'
import { submission } from '../../lib/lambda/submission.ts'

export const handler = scheduled(() => resendJobs(submission()))
