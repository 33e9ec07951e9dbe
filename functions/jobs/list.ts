import { limitedTo } from '../../lib/auth/policy.ts'
import { ListJobs, listJobs } from '../../lib/jobs/read.ts'
import { endpoint } from '../../lib/lambda/endpoint.ts'
import { parametersOf } from '../../lib/lambda/event.ts'
import { present } from '../../lib/lambda/present.ts'
import { jobs } from '../../lib/lambda/records.ts'

export const handler = endpoint(async (event, { deadline, caller }) =>
  listJobs(jobs(), present(), parametersOf(event, ListJobs), { deadline, within: limitedTo(caller) }),
)
