import { ListJobs, listJobs } from '../../lib/jobs/read.ts'
import { agentNamed } from '../../lib/lambda/agents.ts'
import { endpoint } from '../../lib/lambda/endpoint.ts'
import { parametersOf } from '../../lib/lambda/event.ts'
import { jobs } from '../../lib/lambda/records.ts'

export const handler = endpoint(async (event, { deadline }) =>
  listJobs(jobs(), agentNamed, parametersOf(event, ListJobs), deadline),
)
