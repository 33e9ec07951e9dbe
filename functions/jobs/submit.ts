import { SubmitJob, submitJob } from '../../lib/jobs/submit.ts'
import { jobView } from '../../lib/jobs/view.ts'
import { endpoint } from '../../lib/lambda/endpoint.ts'
import { inputOf } from '../../lib/lambda/event.ts'
import { submission } from '../../lib/lambda/submission.ts'

export const handler = endpoint(
  async (event) => jobView(await submitJob(submission(), SubmitJob.parse(inputOf(event)))),
  { status: 202 },
)
