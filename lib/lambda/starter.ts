import { LambdaClient } from '@aws-sdk/client-lambda'
import { starterConfig } from '../config.ts'
import type { Starter } from '../jobs/start.ts'
import { once } from '../once.ts'
import { jobs, now } from './records.ts'

const lambda = once(() => new LambdaClient({ maxAttempts: 4 }))

export const starter = (): Starter => {
  const { JOB_FUNCTION_PREFIX, JOB_ALIAS } = starterConfig()
  return { jobs: jobs(), now, lambda: lambda(), prefix: JOB_FUNCTION_PREFIX, alias: JOB_ALIAS }
}
