import { v4 } from 'uuid'
import type * as z from 'zod'
import type { Caller } from '../auth/caller.ts'
import { poolOf } from '../driver/get-pool.ts'
import type { SnapshotReference, VolumeReference } from '../driver/manage.ts'
import { manageExistingGetSize } from '../driver/manage-existing-get-size.ts'
import { manageExistingSnapshotGetSize } from '../driver/manage-existing-snapshot-get-size.ts'
import { isDriverError } from '../errors.ts'
import type { BlockStorage } from './block-storage.ts'
import { carryOut } from './carry-out.ts'
import { newRecord } from './create.ts'
import { findVolume } from './find.ts'
import { serviceOf } from './migration.ts'
import { type Amounts, overQuota, snapshotAmounts, volumeAmounts } from './quotas.ts'
import type { SnapshotRecord, VolumeRecord } from './record.ts'
import { badRequest } from './refusal.ts'
import { serviceNames } from './services.ts'
import { snapshotKind } from './snapshot-operations.ts'
import { blankSnapshot, recorded } from './snapshots.ts'
import { defaultType, findType } from './types.ts'
import { carryOutOn } from './working.ts'

interface Texts {
  readonly name: string | null
  readonly description: string | null
  readonly metadata: Readonly<Record<string, string>>
}

export interface ManagedVolume extends Texts {
  readonly host: string
  readonly ref: z.infer<typeof VolumeReference>
  readonly type: string | undefined
  readonly bootable: boolean
}

export interface ManagedSnapshot extends Texts {
  readonly volumeId: string
  readonly ref: z.infer<typeof SnapshotReference>
}

/** `host@backend` that is configured. @throws ApiError 400 */
export function knownService(storage: BlockStorage, host: string): string {
  const service = serviceOf(host)
  if (serviceNames(storage).includes(service)) return service
  throw badRequest(`Invalid host: no service ${service} is there; it is one of GET /os-services.`)
}

/** @throws ApiError 400: there is nothing of that name or id. */
const sizeOf = async (asked: Promise<{ readonly size: number }>): Promise<number> =>
  asked.then(
    ({ size }) => size,
    (error: unknown) => {
      if (!isDriverError(error, 'VolumeNotFound') && !isDriverError(error, 'SnapshotNotFound')) throw error
      throw badRequest(`Manage existing failed due to invalid backend reference: ${error.message}.`)
    },
  )

const reserve = async (storage: BlockStorage, project: string, id: string, amounts: Amounts) => {
  const over = await storage.quotas.reserve(project, id, amounts)
  if (over !== undefined) throw overQuota(amounts, over)
}

const workOf = (storage: BlockStorage, id: string, ref: unknown) => ({
  ...{ id, action: 'manage', input: { ref }, since: storage.now(), from: 'available', reserved: true },
  requestId: storage.requestId,
})

/**
 * Take a volume of the cluster under care: its size is looked at, its quota reserved, its record made, and it is named
 * and tagged as ours. What then fails is in state `error_managing`, as in Cinder, and deleting that leaves the volume alone.
 *
 * @throws ApiError 400, 404: nothing is made. 413: the quota.
 * @see cinder/volume/api.py manage_existing
 */
export async function manageVolume(
  storage: BlockStorage,
  caller: Caller,
  asked: ManagedVolume,
): Promise<VolumeRecord> {
  const { ref, bootable, name, description, metadata } = asked
  const service = knownService(storage, asked.host)
  const type = await (asked.type === undefined
    ? defaultType(storage, caller)
    : findType(storage, caller, asked.type))
  const host = asked.host.includes('#')
    ? asked.host
    : `${service}#${poolOf(type.extraSpecs.storpool_template)}`
  const id = v4()
  const backend = await storage.backend(service)
  const size = await sizeOf(manageExistingGetSize(backend, { volume: { id }, existing_ref: ref }))
  await reserve(storage, caller.project, id, volumeAmounts(size, type.id))
  const blank = newRecord(storage, caller, { name, description, metadata }, { id, size, type, host })
  const work = workOf(storage, id, ref)
  const record: VolumeRecord = { ...blank, status: 'managing', bootable, work }
  await storage.volumes.create(record)
  return (await carryOut(storage, record)) ?? record
}

/**
 * Take a snapshot of the cluster under care, as one of a volume that is.
 *
 * @throws ApiError as {@link manageVolume}
 */
export async function manageSnapshot(
  storage: BlockStorage,
  caller: Caller,
  { volumeId, ref, ...texts }: ManagedSnapshot,
): Promise<SnapshotRecord> {
  const volume = await findVolume(storage, caller, volumeId)
  const id = v4()
  const backend = await storage.backend(volume.host)
  const size = await sizeOf(manageExistingSnapshotGetSize(backend, { snapshot: { id }, existing_ref: ref }))
  await reserve(storage, caller.project, id, snapshotAmounts(size, volume.typeId))
  const blank = blankSnapshot(storage, caller, volume, { id, size, ...texts })
  const record = { ...blank, work: workOf(storage, id, ref) }
  await recorded(storage, record, true, volume)
  return (await carryOutOn(snapshotKind, storage, record)) ?? record
}
