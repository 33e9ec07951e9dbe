import type * as z from 'zod'
import { driverAnswers } from '../../lib/driver/answers.ts'
import { Backups, Job, Jobs, ListedDeadLetters, queuedAnswers, Redriven } from '../../lib/jobs/answers.ts'
import { Health, Hosts, Stats } from '../../lib/stats/answers.ts'
import { Reconciled } from '../../lib/volumes/reconcile/answer.ts'

/** What every call answers that is not Block Storage's. */
export const ownAnswers: Readonly<Record<string, z.ZodType>> = {
  ...Object.fromEntries(
    Object.entries({ ...driverAnswers, ...queuedAnswers }).map(([method, answer]) => [
      `POST /driver/${method}`,
      answer,
    ]),
  ),
  'POST /jobs': Job,
  'GET /jobs': Jobs,
  'GET /jobs/{id}': Job,
  'POST /jobs/{id}/cancel': Job,
  'GET /backups': Backups,
  'GET /dead-letters': ListedDeadLetters,
  'POST /dead-letters/redrive': Redriven,
  'POST /reconcile': Reconciled,
  'GET /stats': Stats,
  'GET /health': Health,
  'GET /hosts': Hosts,
}
