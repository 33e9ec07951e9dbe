import { askHosts } from '../../lib/hosts/ask.ts'
import { asking } from '../../lib/lambda/meeting.ts'
import { scheduled } from '../../lib/lambda/schedule.ts'

export const handler = scheduled(async (invocation) => askHosts(await asking(invocation)))
