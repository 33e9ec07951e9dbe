import { v4 } from 'uuid'
import type { Caller } from '../auth/caller.ts'
import { inDriversWords } from '../drivers-words.ts'
import type { BlockStorage } from './block-storage.ts'
import { carryOut } from './carry-out.ts'
import { findSnapshot, findVolume } from './find.ts'
import { imageFor } from './images.ts'
import { creating, type Origin, onCluster } from './make.ts'
import { leaveMessage } from './messages.ts'
import { placeFor } from './placement.ts'
import { overQuota, volumeAmounts } from './quotas.ts'
import type { TypeRecord, VolumeRecord } from './record.ts'
import { badRequest, invalidInput, invalidVolume } from './refusal.ts'
import { refuseDisabled } from './services.ts'
import { defaultType, findType, says, typeOf } from './types.ts'

/** What a caller asks for. Sizes are GiB; without one it is the source's. */
export interface NewVolume {
  readonly size: number | undefined
  readonly name: string | null
  readonly description: string | null
  readonly metadata: Readonly<Record<string, string>>
  readonly type: string | undefined
  readonly zone: string | undefined
  readonly snapshotId: string | undefined
  readonly sourceVolid: string | undefined
  readonly imageRef: string | undefined
}

/** What a new volume begins with, beside its size. */
interface Source extends Origin {
  readonly size: number
  readonly typeId: string
  readonly bootable: boolean
  readonly imageMetadata: Readonly<Record<string, string>>
}

async function sourceOf(
  storage: BlockStorage,
  caller: Caller,
  asked: NewVolume,
): Promise<Source | undefined> {
  if (asked.snapshotId !== undefined) {
    const snapshot = await findSnapshot(storage, caller, asked.snapshotId)
    if (snapshot.status !== 'available') {
      throw badRequest(
        `Invalid snapshot: Originating snapshot status must be one of 'available' values, not ${snapshot.status}`,
      )
    }
    return { ...snapshot, snapshot }
  }
  if (asked.sourceVolid !== undefined) {
    const volume = await findVolume(storage, caller, asked.sourceVolid)
    if (volume.status !== 'available' && volume.status !== 'in-use') {
      throw invalidVolume(`Source volume must be available or in-use, not ${volume.status}.`)
    }
    return { ...volume, volume }
  }
  return undefined
}

function sizeOf({ size }: NewVolume, source: Source | undefined): number {
  if (size === undefined && source === undefined)
    throw badRequest("Invalid input received: 'size' is needed where there is no source.")
  const asked = size ?? source?.size ?? 0
  if (source !== undefined && asked < source.size) {
    const what = source.snapshot ? 'snapshot' : 'original volume'
    throw invalidInput(
      `Volume size '${asked}'GB cannot be smaller than the ${what} size ${source.size}GB. They must be >= ${what} size.`,
    )
  }
  return asked
}

/** A volume's record before anything of it is there. */
export const newRecord = (
  storage: BlockStorage,
  caller: Caller,
  asked: Pick<NewVolume, 'name' | 'description' | 'metadata'> & Partial<NewVolume>,
  {
    id,
    size,
    type,
    host,
    source,
  }: { id: string; size: number; type: TypeRecord; host: string; source?: Source | undefined },
): VolumeRecord => ({
  id,
  project: caller.project,
  user: caller.user,
  name: asked.name,
  description: asked.description,
  createdAt: storage.now(),
  updatedAt: null,
  version: 0,
  size,
  status: 'creating',
  typeId: type.id,
  zone: storage.settings.zone,
  snapshotId: asked.snapshotId ?? null,
  sourceVolid: asked.sourceVolid ?? null,
  metadata: asked.metadata,
  readonly: null,
  bootable: source?.bootable ?? false,
  imageMetadata: source?.imageMetadata ?? {},
  host,
  globalId: null,
  nameId: null,
  migrationStatus: null,
  multiattach: says(type, 'multiattach'),
  attachments: {},
  isBooked: false,
  snapshots: [],
  work: null,
})

/**
 * Make a volume: its quota reserved, the volume on the cluster, its record, the quota in use. While the cluster makes it
 * there is no record, as nobody knows its id yet; what is cut off there is found by its reservation. A volume that cannot
 * be made has a record that says `error`, and a message why.
 *
 * @throws ApiError 400, 404: nothing is made. 413: the quota.
 */
export async function createVolume(
  storage: BlockStorage,
  caller: Caller,
  asked: NewVolume,
): Promise<VolumeRecord> {
  const source = await sourceOf(storage, caller, asked)
  const size = sizeOf(asked, source)
  const type = await (asked.type !== undefined
    ? findType(storage, caller, asked.type)
    : source
      ? typeOf(storage, source.typeId)
      : defaultType(storage, caller))
  if (asked.zone !== undefined && asked.zone !== storage.settings.zone) {
    throw invalidInput(`Availability zone '${asked.zone}' is invalid.`)
  }
  const most = storage.settings.perVolumeGigabytes
  if (most >= 0 && size > most) {
    throw invalidInput(`Requested volume size ${size}G is larger than the per-volume limit ${most}G.`)
  }
  const id = v4()
  const image =
    asked.imageRef === undefined
      ? undefined
      : await imageFor(storage, asked.imageRef, { id, sizeGiB: size }, caller.token)
  const amounts = volumeAmounts(size, type.id)
  const over = await storage.quotas.reserve(caller.project, id, amounts)
  if (over !== undefined) throw overQuota(amounts, over)
  const record = newRecord(storage, caller, asked, { id, size, type, host: '', source })
  return made(storage, record, type, source, image?.id)
}

async function made(
  storage: BlockStorage,
  blank: VolumeRecord,
  type: TypeRecord,
  source: Source | undefined,
  imageId: string | undefined,
): Promise<VolumeRecord> {
  let record = blank
  let failure: string | undefined
  try {
    const host = placeFor(type, storage.settings.service, storage.settings.backends)
    await refuseDisabled(storage, host)
    record = { ...blank, host }
    const { provider_location } = await onCluster(storage, record, type, source)
    record = { ...record, globalId: provider_location, status: 'available' }
    if (imageId !== undefined) {
      record = { ...record, status: 'downloading', work: workOf(storage, record, imageId) }
    }
  } catch (error) {
    const { name, message, cause } = inDriversWords(error)
    storage.warn('a volume was not made', {
      volume: record.id,
      outcome: name,
      reason: message,
      ...(cause instanceof Error && { cause: cause.message }),
    })
    if (name === 'OutcomeUnknown') record = { ...record, work: workOf(storage, record, imageId) }
    else {
      record = { ...record, status: 'error' }
      failure = message
    }
  }
  await storage.volumes.create(record)
  if (record.work === null) await storage.quotas.commit(record.project, record.id)
  if (failure !== undefined) await leaveMessage(storage, record, creating.doing, failure)
  if (record.status === 'downloading') return (await carryOut(storage, record)) ?? record
  return record
}

const workOf = (storage: BlockStorage, record: VolumeRecord, imageId: string | undefined) => ({
  id: record.id,
  action: 'create',
  input: imageId === undefined ? {} : { imageId },
  since: storage.now(),
  from: 'available',
  reserved: true,
  requestId: storage.requestId,
})
