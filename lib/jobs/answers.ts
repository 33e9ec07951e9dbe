import * as z from 'zod'
import { says } from '../answers.ts'
import type { listBackups } from './list-backups.ts'
import type { listJobs } from './read.ts'
import { Failure, JobStatus } from './record.ts'
import type { listDeadLetters, redriveDeadLetters } from './redrive.ts'
import type { submitOperation } from './submit.ts'
import type { jobView } from './view.ts'

const at = z.iso.datetime()

const Step = z.strictObject({ name: z.string(), startedAt: at, endedAt: at.optional() })

export const Job = says<typeof jobView>()(
  z
    .strictObject({
      id: z.string(),
      kind: z.string(),
      project: z.string(),
      status: JobStatus,
      step: z.string().optional().describe('The step it stands at, or ended with'),
      percent: z.number().optional().describe('Of the bytes to move, once their number is known'),
      doneBytes: z.int(),
      totalBytes: z.int(),
      bytesPerSecond: z.int(),
      etaSeconds: z.int().optional(),
      attempts: z.int().describe('How often this step was begun'),
      waiting: z
        .strictObject({ host: z.string(), ahead: z.int() })
        .optional()
        .describe('The line it stands in, and how many are before it'),
      cancelRequested: z.boolean(),
      createdAt: at,
      startedAt: at.optional(),
      updatedAt: at,
      finishedAt: at.optional(),
      steps: z.array(Step).describe('Every step it came to, in order'),
      input: z.record(z.string(), z.unknown()),
      error: Failure.optional().describe('Why it failed; while it runs, why its step is tried again'),
      result: z.record(z.string(), z.unknown()).optional(),
    })
    .meta({ id: 'Job' }),
)

export const Jobs = says<typeof listJobs>()(z.strictObject({ jobs: z.array(Job).describe('Newest first') }))

const Backup = z
  .strictObject({
    backup: z
      .strictObject({
        repository: z.string(),
        snapshotId: z.string(),
        sizeBytes: z.int(),
        sha256: z.string(),
      })
      .describe('What a restore is given'),
    time: z.string(),
    addedBytes: z.int().describe('What the repository grew by, before it was compressed'),
    job: z.string(),
    volume: z.string().optional(),
    backup_id: z.string().optional(),
  })
  .meta({ id: 'Backup' })

export const Backups = says<typeof listBackups>()(
  z.strictObject({
    repository: z.string(),
    total: z.int().describe('With those that are left out'),
    backups: z.array(Backup).describe('Newest first, at most 200'),
  }),
)

const DeadLetter = z
  .strictObject({
    messageId: z.string(),
    sentAt: at,
    job: z.strictObject({ id: z.uuid(), kind: z.string() }).optional().describe('Where it can be read'),
    reason: z.string(),
  })
  .meta({ id: 'DeadLetter' })

export const ListedDeadLetters = says<typeof listDeadLetters>()(
  z.strictObject({ deadLetters: z.array(DeadLetter) }),
)
export const Redriven = says<typeof redriveDeadLetters>()(z.strictObject({ redriven: z.array(DeadLetter) }))

const queued = says<typeof submitOperation>()(
  z.strictObject({ jobId: z.string(), status: z.string() }).meta({ id: 'Queued' }),
)

/** Driver operations that take long, by method: each answers with its job. */
export const queuedAnswers = {
  backup_volume: queued,
  copy_image_to_volume: queued,
  copy_volume_to_image: queued,
  restore_backup: queued,
}
