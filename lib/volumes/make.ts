import * as z from 'zod'
import { createClonedVolume } from '../driver/create-cloned-volume.ts'
import { createVolume } from '../driver/create-volume.ts'
import { createVolumeFromSnapshot } from '../driver/create-volume-from-snapshot.ts'
import type { ModelUpdate } from '../driver/model.ts'
import type { BlockStorage } from './block-storage.ts'
import { driverSnapshot, driverVolume, knownVolume } from './driver-model.ts'
import { remembered, submitImage } from './images.ts'
import type { Operation } from './operation.ts'
import type { SnapshotRecord, TypeRecord, VolumeRecord } from './record.ts'
import { typeOf } from './types.ts'

/** What a volume's data begins as, where it does not begin empty. */
export interface Origin {
  readonly snapshot?: SnapshotRecord
  readonly volume?: VolumeRecord
}

/** Have the cluster make a volume, empty or from its source. Run again, it finds the volume it made. */
export async function onCluster(
  storage: BlockStorage,
  record: VolumeRecord,
  type: TypeRecord,
  source: Origin | undefined,
): Promise<ModelUpdate> {
  const backend = await storage.backend(record.host)
  const volume = driverVolume(record, type)
  if (source?.snapshot)
    return createVolumeFromSnapshot(backend, { volume, snapshot: driverSnapshot(source.snapshot) })
  if (source?.volume) return createClonedVolume(backend, { volume, src_vref: knownVolume(source.volume) })
  return createVolume(backend, { volume })
}

const Input = z.object({ imageId: z.string().optional() })

const fromRecord = async (storage: BlockStorage, record: VolumeRecord): Promise<string> => {
  const snapshot = record.snapshotId === null ? undefined : await storage.snapshots.get(record.snapshotId)
  const volume = record.sourceVolid === null ? undefined : await storage.volumes.get(record.sourceVolid)
  const source = { ...(snapshot && { snapshot }), ...(volume && { volume }) }
  const type = await typeOf(storage, record.typeId)
  return (await onCluster(storage, record, type, source)).provider_location
}

/** A volume whose making was cut off, made from its record; and what one of an image has still to get. */
export const creating: Operation = {
  doing: 'schedule allocate volume',
  onFailure: 'error',
  countsAnyway: true,
  async run(storage, record, input) {
    const { imageId } = Input.parse(input)
    const globalId = record.globalId ?? (await fromRecord(storage, record))
    if (imageId === undefined) return { done: { status: 'available', globalId } }
    const job = await submitImage(storage, { ...record, globalId }, imageId)
    return { job, changes: { status: 'downloading', globalId } }
  },
  ended: async (_, __, ___, job) => ({ done: remembered(job) }),
}
