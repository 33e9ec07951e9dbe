import { LambdaClient } from '@aws-sdk/client-lambda'
import { starterConfig } from '../config.ts'
import { type Starter, startJob } from '../jobs/start.ts'
import { once } from '../once.ts'
import { withheldIn } from '../store/withheld.ts'
import type { Consumer } from './consumer.ts'
import { dead } from './dead.ts'
import { jobs, now, table } from './records.ts'

const lambda = once(() => new LambdaClient({ maxAttempts: 4 }))

export const starter = (): Starter => {
  const { JOB_FUNCTION_PREFIX, JOB_ALIAS } = starterConfig()
  return {
    jobs: jobs(),
    withheld: withheldIn(table()),
    now,
    lambda: lambda(),
    prefix: JOB_FUNCTION_PREFIX,
    alias: JOB_ALIAS,
  }
}

/** The consumer of the jobs' queue. */
export const consuming = (): Consumer => {
  const to = starter()
  return {
    take: (message) => startJob(to, message),
    setAside: (message, reason) => dead().put(message, reason),
  }
}
