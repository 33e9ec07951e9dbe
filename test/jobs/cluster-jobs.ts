import { randomUUID } from 'node:crypto'
import { JobDocument, type JobKind } from '../../lib/jobs/document.ts'
import type { JobRecord } from '../../lib/jobs/record.ts'
import { takeIn } from '../../lib/jobs/submit.ts'
import type { startJobs } from '../support/jobs.ts'

export type System = Awaited<ReturnType<typeof startJobs>>

const now = () => new Date().toISOString()

/** A queued job, as it lies on the queue. */
export const queued = async (system: System, kind: JobKind, input: object): Promise<JobDocument> => {
  const id = randomUUID()
  const document = JobDocument.parse({ id, kind, version: 1, project: 'p', backend: 'default', input })
  await takeIn({ jobs: system.records, now }, document)
  return document
}

/** The record that a job ends with. */
export const ended = async (system: System, document: JobDocument): Promise<JobRecord> => {
  await system.run(document)
  const record = await system.records.get(document.id)
  if (record === undefined) throw new Error(`no record of ${document.id}`)
  return record
}

export const run = async (system: System, kind: JobKind, input: object): Promise<JobRecord> =>
  ended(system, await queued(system, kind, input))

/** Cancel it as soon as it stands at a step. */
export const cancelledAt = async (
  system: System,
  document: JobDocument,
  step: string,
): Promise<JobRecord> => {
  const { records } = system
  let over = false
  const running = ended(system, document).finally(() => {
    over = true
  })
  while (!over && (await records.get(document.id))?.step !== step) {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await records.change(document.id, { cancelRequested: true }, ['queued', 'running'])
  system.cluster.simulator.setKnobs(atOnce)
  return running
}

/** Whatever takes its time on the cluster takes none. */
export const atOnce = { relocationBytesPerSecond: 0, remoteCopyBytesPerSecond: 0, rebaseBytesPerSecond: 0 }

export const inTemplate = (storpool_template: string, more: Record<string, string> = {}) => ({
  volume_type: { extra_specs: { storpool_template, ...more } },
})
