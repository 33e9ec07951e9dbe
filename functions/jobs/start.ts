import { startJob } from '../../lib/jobs/start.ts'
import { consumer } from '../../lib/lambda/consumer.ts'
import { starter } from '../../lib/lambda/starter.ts'

export const handler = consumer((message) => startJob(starter(), message))
