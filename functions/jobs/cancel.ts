import { cancelJob } from '../../lib/jobs/cancel.ts'
import { GetJob } from '../../lib/jobs/read.ts'
import { jobView } from '../../lib/jobs/view.ts'
import { cancelling } from '../../lib/lambda/cancelling.ts'
import { endpoint } from '../../lib/lambda/endpoint.ts'
import { parametersOf } from '../../lib/lambda/event.ts'

export const handler = endpoint(
  async (event, invocation) => {
    const { id } = parametersOf(event, GetJob)
    return jobView(await cancelJob(cancelling(invocation), id))
  },
  { status: 202 },
)
