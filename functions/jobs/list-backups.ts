import { config } from '../../lib/config.ts'
import { ListBackups, listBackups } from '../../lib/jobs/list-backups.ts'
import { endpoint } from '../../lib/lambda/endpoint.ts'
import { parametersOf } from '../../lib/lambda/event.ts'
import { meetingHosts } from '../../lib/lambda/meeting.ts'
import { secretsOf } from '../../lib/lambda/stores.ts'

export const handler = endpoint(async (event, invocation) => {
  const to = { ...meetingHosts(invocation), ...invocation, secretsOf, jobHost: config().JOB_HOST }
  return listBackups(to, parametersOf(event, ListBackups))
})
