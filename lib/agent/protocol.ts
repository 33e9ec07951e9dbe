import * as z from 'zod'

/**
 * What functions and the host agent say to each other: `POST /v1/<operation>` with one JSON object,
 * `GET /v1/tasks/{id}` and `GET /v1/health`. Functions decide; the agent does, on one host, and says how it went. Here is
 * what is said of devices and of the agent itself; long work is in `tasks.ts`.
 *
 * Every request that changes something names the attachment it acts under. Its `generation` only grows: the
 * agent refuses a lower one than it has seen for that volume.
 */

export const GlobalId = z
  .string()
  .max(199)
  .regex(/^[a-z0-9]+\.[a-z0-9]+\.[a-z0-9]+$/)
/** Of a request or an attachment: the caller's own. */
export const Id = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[A-Za-z0-9_.:-]+$/)

export const Target = z.strictObject({
  globalId: GlobalId,
  /** Bytes the device must have. */
  sizeBytes: z.int().positive(),
})
export type Target = z.infer<typeof Target>
export const AttachmentRef = z.strictObject({ id: Id, generation: z.int().positive() })
export type AttachmentRef = z.infer<typeof AttachmentRef>

/** Of every request about a device or a task. */
export const call = {
  /** The client id the caller believes it speaks to. */
  clientId: z.int().min(1).max(4095),
  /** When the caller stops caring: nothing is begun after it, waited for beyond it, or gone on with. */
  deadline: z.iso.datetime({ offset: true }).optional(),
}

/** Wait until the device is there with the stated size. */
export const AttachWait = z.strictObject({
  ...call,
  volume: Target,
  attachment: AttachmentRef,
  mode: z.enum(['rw', 'ro']),
  /** Milliseconds to wait at most. */
  waitMs: z.int().nonnegative().max(25_000),
})
export type AttachWait = z.infer<typeof AttachWait>
export const Attached = z.looseObject({ path: z.string(), sizeBytes: z.int().nonnegative() })
export type Attached = z.infer<typeof Attached>
export const Released = z.looseObject({})

/** Make sure nothing of the agent's uses the device; afterwards this generation can write no more. */
export const Release = z.strictObject({
  ...call,
  volume: z.strictObject({ globalId: GlobalId }),
  attachment: AttachmentRef,
})
export type Release = z.infer<typeof Release>

/** Ask who has the device open. Nothing changes. */
export const DetachCheck = z.strictObject({
  ...call,
  volume: z.strictObject({ globalId: GlobalId }),
})
export type DetachCheck = z.infer<typeof DetachCheck>

/** What holds a device: a process, a mount, another device on top of it, or swap. */
export const Opener = z.looseObject({
  kind: z.enum(['process', 'mount', 'device', 'swap']),
  /** The process's command name, the folder, the device or the swap area. */
  name: z.string(),
  pid: z.int().positive().optional(),
})
export type Opener = z.infer<typeof Opener>
export const Openers = z.looseObject({
  /** Empty when nothing holds the device, also when it is gone. */
  openers: z.array(Opener),
  /** False where the agent may not look into every process: then an empty list proves nothing. */
  complete: z.boolean(),
})
export type Openers = z.infer<typeof Openers>

/** Ask how large the device is; with `expectBytes`, wait a moment until an extend shows on this host. */
export const Size = z.strictObject({
  ...call,
  volume: z.strictObject({ globalId: GlobalId }),
  expectBytes: z.int().positive().optional(),
})
export type Size = z.infer<typeof Size>
export const Sized = z.looseObject({ sizeBytes: z.int().nonnegative() })
export type Sized = z.infer<typeof Sized>

/**
 * Tell an agent that has lost its memory which attachment of a volume is current. Said only by a caller that has read
 * that in the book of attachments since the agent answered `recovering`.
 */
export const Adopt = z.strictObject({
  ...call,
  volume: z.strictObject({ globalId: GlobalId }),
  attachment: AttachmentRef,
})
export type Adopt = z.infer<typeof Adopt>
export const Adopted = z.looseObject({})

/** Seconds a question about a task may be held open at most. */
export const longestWaitSeconds = 25

export const Health = z.looseObject({
  host: z.string(),
  clientId: z.int(),
  version: z.string(),
  /** False while the journal cannot be written: new work is refused. */
  ok: z.boolean(),
  /** Tools this host lacks, with what installs them; empty when all is there. */
  missing: z.array(z.string()),
  /** Its memory began lately: it copies onto a volume only after `adopt` told it which attachment is current. */
  recovering: z.boolean().optional(),
})
export type Health = z.infer<typeof Health>

/** Every way the agent says no, with the HTTP status and whether asking again later may help. */
export const agentErrors = {
  bad_request: { status: 400, retryable: false },
  unauthenticated: { status: 401, retryable: false },
  forbidden: { status: 403, retryable: false },
  too_large: { status: 413, retryable: false },
  not_found: { status: 404, retryable: false },
  format_refused: { status: 422, retryable: false },
  format_mismatch: { status: 422, retryable: false },
  image_too_large: { status: 422, retryable: false },
  digest_mismatch: { status: 422, retryable: false },
  source_not_found: { status: 422, retryable: false },
  source_changed: { status: 409, retryable: true },
  source_refused: { status: 422, retryable: false },
  source_unavailable: { status: 502, retryable: true },
  destination_exists: { status: 409, retryable: false },
  destination_refused: { status: 422, retryable: false },
  destination_unavailable: { status: 502, retryable: true },
  repository_locked: { status: 503, retryable: true },
  repository_unavailable: { status: 502, retryable: true },
  repository_refused: { status: 422, retryable: false },
  repository_missing: { status: 404, retryable: false },
  repository_damaged: { status: 500, retryable: false },
  wrong_password: { status: 422, retryable: false },
  backup_not_found: { status: 404, retryable: false },
  no_space: { status: 507, retryable: true },
  stale_generation: { status: 409, retryable: false },
  request_conflict: { status: 409, retryable: false },
  recovering: { status: 503, retryable: true },
  deadline_passed: { status: 504, retryable: false },
  volume_in_use: { status: 409, retryable: true },
  device_busy: { status: 409, retryable: true },
  not_attached: { status: 404, retryable: true },
  device_timeout: { status: 504, retryable: true },
  size_mismatch: { status: 409, retryable: false },
  size_pending: { status: 504, retryable: true },
  wrong_host: { status: 421, retryable: false },
  too_many_tasks: { status: 429, retryable: true },
  tool_missing: { status: 503, retryable: false },
  journal_unwritable: { status: 503, retryable: true },
  io_error: { status: 500, retryable: true },
  cancelled: { status: 409, retryable: false },
  interrupted: { status: 503, retryable: true },
} as const
export type AgentErrorCode = keyof typeof agentErrors

/** What a task may fail of that passes by itself. Asked for again, it begins anew; whoever asks decides how often. */
export const passingFaults: readonly string[] = [
  'source_unavailable',
  'destination_unavailable',
  'repository_locked',
  'repository_unavailable',
] satisfies readonly AgentErrorCode[]

export const AgentErrorBody = z.looseObject({
  error: z.looseObject({
    code: z.string(),
    message: z.string(),
    retryable: z.boolean(),
    details: z.unknown().optional(),
  }),
})
