import { v4 } from 'uuid'
import * as z from 'zod'
import { DriverError } from '../errors.ts'
import { jobId } from '../ids.ts'
import { type AgentHosts, agentHost } from './agent-host.ts'
import { BackupVolumeInput } from './backup-volume/document.ts'
import { CheckBackupInput } from './check-backup/document.ts'
import { CloneVolumeInput } from './clone-volume/document.ts'
import { CopyImageToVolumeInput } from './copy-image-to-volume/document.ts'
import { CopyVolumeToImageInput } from './copy-volume-to-image/document.ts'
import { DeleteBackupInput } from './delete-backup/document.ts'
import { DOCUMENT_BYTES, documentHash, JobDocument, type JobKind } from './document.ts'
import { refuseEncrypted } from './encrypted.ts'
import { HostName } from './host-name.ts'
import { MigrateVolume } from './migrate-volume/document.ts'
import { refuseStranger, wayOf } from './migrate-volume/way.ts'
import type { JobQueue } from './queue.ts'
import { isFinal, type JobRecord, type JobRecords } from './record.ts'
import { RestoreBackupInput } from './restore-backup/document.ts'
import { RetypeVolumeInput } from './retype-volume/document.ts'
import { refuseElsewhere } from './retype-volume/refuse.ts'
import { RevertVolumeInput } from './revert-volume/document.ts'
import { type Withheld, withoutSecrets } from './withheld.ts'

const asked = {
  /** The same key in the same project is the same job, however often it is asked for. */
  idempotencyKey: z.string().min(1).max(255).optional(),
  project: z.string().min(1).max(64).optional(),
}

const of = <Kind extends string, Input extends z.ZodType>(kind: Kind, input: Input) =>
  z.strictObject({ ...asked, kind: z.literal(kind), input })

/** Each kind with the input of its document; `host` may be left out where the configuration names one. */
const kinds = [
  of('clone-volume', CloneVolumeInput),
  of('copy-image-to-volume', CopyImageToVolumeInput.partial({ host: true })),
  of('migrate-volume', MigrateVolume),
  of('retype-volume', RetypeVolumeInput),
  of('revert-volume', RevertVolumeInput),
  of('copy-volume-to-image', CopyVolumeToImageInput.partial({ host: true })),
  of('backup-volume', BackupVolumeInput.partial({ host: true })),
  of('restore-backup', z.strictObject({ ...RestoreBackupInput.shape, host: HostName.optional() })),
  of('delete-backup', DeleteBackupInput.partial({ host: true })),
  of('check-backup', CheckBackupInput.partial({ host: true })),
] as const

export const SubmitJob = z.discriminatedUnion('kind', kinds, {
  error: `must be ${kinds.map(({ shape }) => shape.kind.value).join(', ')}`,
})
export type SubmitJob = z.infer<typeof SubmitJob>

export interface Submission extends AgentHosts {
  readonly jobs: JobRecords
  readonly withheld: Withheld
  readonly queue: JobQueue
  /** The configured backend an input belongs to; undefined: the default one. @throws DriverError InvalidInput */
  backendNameOf(input: unknown): string | undefined
  now(): string
}

/**
 * Take a job in: its record first, then its message, so that a queued job without a message can be found and
 * sent again. Asked for again under its idempotency key, it is the same job.
 *
 * @throws DriverError InvalidInput: no host to do it. UnknownHost. HostNotReady: the host has no agent.
 *   Conflict: the key was used for something else. TooLarge.
 */
export async function submitJob(to: Submission, request: SubmitJob): Promise<JobRecord> {
  const input = await completed(to, request)
  const volume = 'volume' in request.input ? request.input.volume : undefined
  const project = request.project ?? volume?.project_id ?? 'default'
  const asked = JobDocument.parse({
    id: request.idempotencyKey === undefined ? v4() : jobId(project, request.idempotencyKey),
    kind: request.kind,
    version: 1,
    project,
    backend: 'default',
    input,
  })
  const { record, document } = await takeInWhole(to, asked)
  if (record.status === 'queued') await to.queue.send(document)
  return record
}

/**
 * As {@link takeIn}, with what is as good as a password kept apart from the document that is returned, before
 * anything can need it. Asked for again with a newer signature, that is the one used.
 */
export async function takeInWhole(
  to: Pick<Submission, 'jobs' | 'withheld' | 'now'>,
  asked: JobDocument,
  options?: Parameters<typeof takeIn>[2],
): Promise<{ record: JobRecord; document: JobDocument }> {
  const { document, addresses } = withoutSecrets(asked)
  const secret = Object.keys(addresses).length > 0
  const hash = documentHash(document)
  if (secret) await to.withheld.keep(hash, addresses)
  const record = await takeIn(to, document, options)
  if (secret && isFinal(record.status)) await to.withheld.forget(hash)
  return { record, document }
}

/**
 * The record of a document: the one that is there, or a new one.
 *
 * @param options `queued`: it comes from the queue, so it mostly has its record.
 * @throws DriverError Conflict: the id belongs to another document. TooLarge.
 */
export async function takeIn(
  to: Pick<Submission, 'jobs' | 'now'>,
  document: JobDocument,
  { queued = false } = {},
): Promise<JobRecord> {
  const bytes = Buffer.byteLength(JSON.stringify(document))
  if (bytes > DOCUMENT_BYTES) {
    throw new DriverError('TooLarge', `the job is ${bytes} bytes, more than ${DOCUMENT_BYTES}`)
  }
  const hash = documentHash(document)
  const now = to.now()
  const there = queued ? await to.jobs.get(document.id) : undefined
  const record =
    there ??
    (await to.jobs.create({
      id: document.id,
      kind: document.kind,
      project: document.project,
      backend: document.backend,
      hash,
      input: document.input,
      status: 'queued',
      attempts: 0,
      steps: [],
      answers: {},
      doneBytes: 0,
      totalBytes: 0,
      bytesPerSecond: 0,
      cancelRequested: false,
      createdAt: now,
      queuedAt: now,
      updatedAt: now,
    }))
  if (record.hash === hash) return record
  throw new DriverError('Conflict', `job ${document.id} is there already, and was asked for something else`, {
    remedy: 'Use another idempotency key for another request.',
    details: { id: document.id },
  })
}

/** The input as its document has it: what may be left out is filled in, what cannot be done is refused at once. */
async function completed(to: Submission, { kind, input }: SubmitJob): Promise<object> {
  switch (kind) {
    case 'clone-volume':
    case 'revert-volume':
      return input
    case 'migrate-volume': {
      const { kind: way, to: host } = wayOf(input)
      if (way === 'move') return input
      const copier = await agentHost(to, input.host)
      refuseStranger(copier, { from: to.backendNameOf(input), to: to.backendNameOf({ host }) })
      return { ...input, host: copier.name }
    }
    case 'retype-volume':
      refuseElsewhere(input)
      return input
    case 'copy-image-to-volume':
    case 'copy-volume-to-image':
    case 'backup-volume':
    case 'restore-backup':
    case 'delete-backup':
    case 'check-backup':
      if ('volume' in input) refuseEncrypted(input.volume)
      return { ...input, host: (await agentHost(to, input.host)).name }
  }
}

/** What a driver operation answers that takes long: its job. */
export interface Queued {
  readonly jobId: string
  readonly status: string
}

/** {@link submitJob} for a driver operation, whose input is the job's. */
export async function submitOperation(
  to: Submission,
  kind: JobKind,
  { idempotencyKey, ...input }: { readonly idempotencyKey?: string | undefined },
): Promise<Queued> {
  const { id, status } = await submitJob(to, SubmitJob.parse({ kind, input, idempotencyKey }))
  return { jobId: id, status }
}
