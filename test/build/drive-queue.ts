import { JobDocument } from '../../lib/jobs/document.ts'
import { takeIn } from '../../lib/jobs/submit.ts'
import { jobRecords } from '../../lib/store/jobs.ts'
import { openTable } from '../../lib/store/table.ts'
import { ticketsIn } from '../../lib/store/tickets.ts'
import { eventually } from '../local/harness.ts'
import { aDocument, type Driving, inputOf, isOver } from './driving.ts'

export const driveDeadLetters = async (at: Driving) => {
  await at.send('no JSON')
  await eventually(() => at.system.queues.depth('JobsDeadLetters') > 0)
  await at.call('GET', '/dead-letters')
  await at.call('POST', '/dead-letters/redrive', { before: '2026-01-01T00:00:00Z' })
  await at.call('POST', '/dead-letters/redrive', {})
}

/** Three jobs nobody knows leave one place on the host; of two jobs one waits for the other, then for the sweep. */
export const driveLine = async (at: Driving) => {
  const tickets = ticketsIn(table(at))
  const unknown = [1, 2, 3, 4].map((n) => `0000000${n}-0000-4000-8000-000000000000`)
  for (const id of unknown.slice(1)) await tickets.join('host-1', id)
  const large = { kind: 'copy-image-to-volume', input: inputOf('large') }
  const { id } = await at.call('POST', '/jobs', large)
  await at.jobIs(id, ({ step }) => step === 'copy')
  const next = await at.call('POST', '/jobs', { kind: 'copy-image-to-volume', input: inputOf('small') })
  await at.jobIs(next.id, ({ waiting }) => waiting !== undefined)
  await at.call('GET', '/jobs')
  await at.call('POST', `/jobs/${id}/cancel`)
  await at.jobIs(next.id, isOver)

  for (const one of unknown) await tickets.join('host-1', one)
  const last = await at.call('POST', '/jobs', { kind: 'copy-image-to-volume', input: inputOf('small') })
  await at.jobIs(last.id, ({ waiting }) => waiting !== undefined)
  await at.system.scheduler.runNow('sweep-jobs')
  await at.jobIs(last.id, isOver)
}

const table = (at: Driving) => openTable([...at.system.service.tables.values()][0]!.name)
const anHourAgo = () => new Date(Date.now() - 3_600_000).toISOString()

/** A job whose message was lost an hour ago. */
export const loseMessage = (at: Driving) =>
  takeIn({ jobs: jobRecords(table(at), anHourAgo), now: anHourAgo }, JobDocument.parse(aDocument()))

/** A job whose execution was lost an hour ago. */
export const loseExecution = async (at: Driving) => {
  const { id } = await loseMessage(at)
  const execution = `arn:aws:lambda:eu-central-1:000000000000:function:cinderless-dev-job-copy-image-to-volume:1/durable-execution/${id}/1`
  await jobRecords(table(at), anHourAgo).begin(id, 'attach', anHourAgo(), { execution })
}
