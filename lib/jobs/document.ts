import { createHash } from 'node:crypto'
import * as z from 'zod'
import { BackupVolumeInput } from './backup-volume/document.ts'
import { CheckBackupInput } from './check-backup/document.ts'
import { CloneVolumeInput } from './clone-volume/document.ts'
import { CopyImageToVolumeInput } from './copy-image-to-volume/document.ts'
import { CopyVolumeToImageInput } from './copy-volume-to-image/document.ts'
import { DeleteBackupInput } from './delete-backup/document.ts'
import { MigrateVolumeInput } from './migrate-volume/document.ts'
import { RestoreBackupInput } from './restore-backup/document.ts'
import { RetypeVolumeInput } from './retype-volume/document.ts'
import { RevertVolumeInput } from './revert-volume/document.ts'

/** Bytes a document may have as JSON: it travels as a queue message. */
export const DOCUMENT_BYTES = 64 * 1024

export const JobId = z.uuid()

const base = {
  id: JobId,
  /** Of the document's shape, so that a later release can still read what an earlier one queued. */
  version: z.literal(1),
  project: z.string().min(1).max(64),
  backend: z.string().min(1).max(64),
}

const of = <Kind extends string, Input extends z.ZodType>(kind: Kind, input: Input) =>
  z.strictObject({ ...base, kind: z.literal(kind), input })

/**
 * What is to be done, said once and never changed. It holds no secret and no clock: any step can be run again
 * from the same document.
 */
export const JobDocument = z.discriminatedUnion('kind', [
  of('clone-volume', CloneVolumeInput),
  of('copy-image-to-volume', CopyImageToVolumeInput),
  of('migrate-volume', MigrateVolumeInput),
  of('retype-volume', RetypeVolumeInput),
  of('revert-volume', RevertVolumeInput),
  of('copy-volume-to-image', CopyVolumeToImageInput),
  of('backup-volume', BackupVolumeInput),
  of('restore-backup', RestoreBackupInput),
  of('delete-backup', DeleteBackupInput),
  of('check-backup', CheckBackupInput),
])
export type JobDocument = z.infer<typeof JobDocument>
export type JobKind = JobDocument['kind']
export type JobOf<Kind extends JobKind> = Extract<JobDocument, { kind: Kind }>

/** JSON that is the same for the same value, whatever the order of its keys: the table keeps none. */
export const canonical = (value: object): string => JSON.stringify(sorted(value))

export const documentHash = (document: JobDocument): string =>
  createHash('sha256').update(canonical(document)).digest('hex')

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  )
}
