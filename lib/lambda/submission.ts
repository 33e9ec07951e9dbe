import { config, queueUrl } from '../config.ts'
import { jobQueue, sqsClient } from '../jobs/queue.ts'
import type { Submission } from '../jobs/submit.ts'
import { once } from '../once.ts'
import { withheldIn } from '../store/withheld.ts'
import { hostsOf, knownBackendNameOf } from './backend.ts'
import { patiently } from './patience.ts'
import { jobs, now, table } from './records.ts'

const queue = once(() => jobQueue(queueUrl(), sqsClient(patiently())))

/** What it takes to take jobs in. */
export const submission = (): Submission => ({
  jobs: jobs(),
  withheld: withheldIn(table()),
  queue: queue(),
  hosts: hostsOf(config()),
  jobHost: config().JOB_HOST,
  backendNameOf: knownBackendNameOf,
  now,
})
