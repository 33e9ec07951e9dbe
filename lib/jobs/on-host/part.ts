import type { Attachable } from '../../driver/attachable.ts'
import { snapshotRef, volumeRef } from '../../driver/backend.ts'
import { knownHost } from '../../driver/known-host.ts'
import type { KnownSnapshot, KnownVolume } from '../../driver/model.ts'
import { orAbsent } from '../../driver/settle.ts'
import { DriverError } from '../../errors.ts'
import type { Tags } from '../../storpool/schema/values.ts'
import { snapshotSummary } from '../../storpool/snapshots.ts'
import { volumeSummary } from '../../storpool/volumes.ts'
import type { JobBackend } from '../backend.ts'

/** A job whose bytes an agent moves. */
export interface HostJob {
  readonly id: string
  readonly input: { readonly host: string }
}

/** What a job has attached to its host: a volume it writes on, or a volume or a snapshot it reads. */
export interface Part {
  /** The cluster it is on: of two parts of a job each may be on its own. */
  readonly backend: JobBackend
  /** Of the attachment: made from the job's id. */
  readonly attachment: string
  readonly mode: 'rw' | 'ro'
  /** What an error calls it. */
  readonly ref: string
  /** What it is on the cluster; undefined where it is not there. */
  find(): Promise<(Attachable & { readonly size: number; readonly tags?: Tags | undefined }) | undefined>
  missing(): DriverError
}

/** A volume; each part of a job has a role of its own. */
export const volumePart = (
  backend: JobBackend,
  job: { readonly id: string },
  volume: KnownVolume,
  mode: Part['mode'],
  role = '',
): Part => {
  const ref = volumeRef(backend, volume)
  return {
    backend,
    attachment: attachmentOf(job, role),
    mode,
    ref,
    find: () => orAbsent(volumeSummary(backend.storpool, ref)),
    missing: () => new DriverError('VolumeNotFound', `no volume ${ref} on the cluster`),
  }
}

/** A snapshot, which can only be read. */
export const snapshotPart = (
  backend: JobBackend,
  job: { readonly id: string },
  snapshot: KnownSnapshot | string,
): Part => {
  const ref = typeof snapshot === 'string' ? snapshot : snapshotRef(backend, snapshot)
  return {
    backend,
    attachment: attachmentOf(job, 'snapshot'),
    mode: 'ro',
    ref,
    find: async () => {
      const there = await orAbsent(snapshotSummary(backend.storpool, ref))
      return there === undefined || there.deleted ? undefined : { ...there, kind: 'snapshot' }
    },
    missing: () => new DriverError('SnapshotNotFound', `no snapshot ${ref} on the cluster`),
  }
}

/** The attachment under which a job reads or writes: its id is the job's. */
const attachmentOf = ({ id }: { readonly id: string }, role: string): string =>
  role === '' ? `job:${id}` : `job:${id}:${role}`

export const hostOf = (backend: JobBackend, job: HostJob) => knownHost(backend.hosts, job.input.host)

/** Milliseconds an answer of the agent's may take that waits for nothing. */
export const ANSWER_MS = 5_000

/** What an agent has to be told of a part: the volume, and the attachment under which it is used. */
export interface Held {
  readonly volume: { readonly globalId: string; readonly sizeBytes: number }
  readonly attachment: { readonly id: string; readonly generation: number }
}

/**
 * A part as the job holds it by now.
 *
 * @throws DriverError VolumeNotFound, SnapshotNotFound. StaleGeneration: somebody ended the job's attachment.
 */
export async function held(job: HostJob, part: Part): Promise<Held> {
  const found = await part.find()
  if (found === undefined) throw part.missing()
  const { attachments } = await part.backend.attachments.read(found.globalId)
  const mine = attachments[part.attachment]
  if (mine === undefined || mine.state === 'detaching') {
    throw new DriverError(
      'StaleGeneration',
      `${found.name} was detached from ${job.input.host} while the job ran`,
    )
  }
  return {
    volume: { globalId: found.globalId, sizeBytes: found.size },
    attachment: { id: mine.id, generation: mine.generation },
  }
}
