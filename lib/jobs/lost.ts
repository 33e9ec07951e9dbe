import {
  GetDurableExecutionCommand,
  type LambdaClient,
  ResourceNotFoundException,
} from '@aws-sdk/client-lambda'
import { documentOf } from './document-of.ts'
import type { Failure, JobRecord, JobRecords, Lost } from './record.ts'
import { type Starter, startExecution } from './start.ts'
import { UNDOING } from './step.ts'

/** A running job of which nothing was heard for so long has its execution asked about, and again as often. */
export const SILENCE_MS = 180_000

/** Executions asked about in one sweep; the next sweep goes on. */
const QUESTIONS = 100
/** Executions begun to undo one lost job. */
const TRIES = 3

export interface Finding extends Starter {
  readonly silenceMs?: number
}

/**
 * Find jobs whose execution ended outside of its workflow: it failed, was stopped by hand, or ran out of time. What
 * such a job did is undone by an execution of its own, which ends the record too; one that never began just ends.
 *
 * @returns how many were lost.
 * @throws what went wrong with the last one that could not be looked after; the others were.
 */
export async function endLostJobs(to: Finding): Promise<number> {
  let lost = 0
  let failed: unknown
  for (const record of await silentJobs(to)) {
    try {
      if (await endIfLost(to, record)) lost += 1
    } catch (error) {
      failed = error
    }
  }
  if (failed !== undefined) throw failed
  return lost
}

/** Oldest first, and no stale notes of the index: each is read anew. */
async function silentJobs({ jobs, now, silenceMs = SILENCE_MS }: Finding): Promise<JobRecord[]> {
  const before = new Date(Date.parse(now()) - silenceMs).toISOString()
  /** A queued one is sent again each minute, which is no sign of its execution. */
  const isSilent = ({ execution, status, createdAt, updatedAt, checkedAt = '' }: JobRecord) =>
    execution !== undefined && (status === 'queued' ? createdAt : updatedAt) < before && checkedAt < before
  const found: JobRecord[] = []
  for (const status of ['running', 'queued'] as const) {
    for await (const noted of everyJob(jobs, status)) {
      if (found.length >= QUESTIONS) return found
      if (!isSilent(noted)) continue
      const record = await jobs.get(noted.id)
      if (record?.status === status && isSilent(record)) found.push(record)
    }
  }
  return found
}

const PAGE = 500

async function* everyJob(jobs: JobRecords, status: JobRecord['status']) {
  let marker: string | undefined
  do {
    const page = await jobs.list({ status, limit: PAGE, marker, oldestFirst: true })
    yield* page
    marker = page.length < PAGE ? undefined : page.at(-1)?.id
  } while (marker !== undefined)
}

async function endIfLost(to: Finding, record: JobRecord): Promise<boolean> {
  const how = await endOf(to.lambda, record.execution ?? '')
  if (how === undefined) {
    await to.jobs.change(record.id, { checkedAt: to.now() }, [record.status])
    return false
  }
  const tries = (record.lost?.tries ?? 0) + 1
  const error = record.lost?.error ?? reasonOf(record, how)
  if (record.status === 'queued' || tries > TRIES) {
    await giveUp(to, record, error)
    return true
  }
  // Noted first where it stood: undoing goes through steps of its own. Counted last: what did not start is no try.
  const lost: Lost = { error, ...(record.lost ?? { step: standingAt(record), tries: 0 }) }
  const noted = await to.jobs.change(record.id, { lost }, ['running'])
  if (noted === undefined) return false
  await startExecution(to, record.kind, `${record.id}-undo-${tries}`, {
    document: documentOf(record),
    lost: { ...lost, tries, answers: record.answers },
  })
  await to.jobs.change(record.id, { lost: { ...lost, tries }, checkedAt: to.now() }, ['running'])
  return true
}

/** The step of its page it came to: what it may have undone since is not of the page. */
const standingAt = ({ steps }: JobRecord): string | undefined =>
  steps.findLast(({ name }) => !name.startsWith(UNDOING))?.name

/** @returns how an execution ended; undefined while it runs. */
async function endOf(lambda: LambdaClient, arn: string): Promise<string | undefined> {
  try {
    const { Status, Error: reason } = await lambda.send(
      new GetDurableExecutionCommand({ DurableExecutionArn: arn }),
    )
    if (Status === 'RUNNING') return undefined
    return reason?.ErrorType === undefined ? String(Status) : `${Status}, ${reason.ErrorType}`
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return 'it is not known any more'
    throw error
  }
}

const reasonOf = ({ id, step, cancelRequested }: JobRecord, how: string): Failure =>
  cancelRequested
    ? { name: 'Cancelled', message: `job ${id} was cancelled`, ...(step && { step }) }
    : {
        name: 'VolumeBackendError',
        message: `the execution of the job ended outside of its workflow (${how})`,
        remedy: 'Look for the job in the log of its function, mend that, and ask for the job again.',
        ...(step && { step }),
      }

/** Nothing was begun, or what was begun could not be undone in so many tries: somebody has to look. */
async function giveUp({ jobs, now }: Finding, record: JobRecord, error: Failure): Promise<void> {
  const left = { name: 'OutcomeUnknown', message: 'what the job did may not have been undone' }
  await jobs.change(
    record.id,
    {
      status: error.name === 'Cancelled' ? 'cancelled' : 'failed',
      finishedAt: now(),
      bytesPerSecond: 0,
      waiting: null,
      error: record.status === 'queued' ? error : { ...error, details: { ...error.details, left: [left] } },
    },
    [record.status],
  )
}
