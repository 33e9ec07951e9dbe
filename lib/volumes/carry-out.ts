import { afterWork } from './attachment-states.ts'
import type { BlockStorage } from './block-storage.ts'
import type { Kind } from './kind.ts'
import { operations } from './operations.ts'
import { type VolumeRecord, VolumeStatus } from './record.ts'
import { carryOutOn, settleOn } from './working.ts'

export const volumeKind: Kind<VolumeRecord> = {
  what: 'Volume',
  resource: 'VOLUME',
  records: ({ volumes }) => volumes,
  operations,
  statusOf: (text) => VolumeStatus.parse(text),
  afterwards: (volume) => ({ ...volume, status: afterWork(volume.status, volume.attachments) }),
}

/** Do the work that a volume's record says is to be done. As {@link carryOutOn}. */
export const carryOut = (storage: BlockStorage, volume: VolumeRecord): Promise<VolumeRecord | undefined> =>
  carryOutOn(volumeKind, storage, volume)

/** A volume as it stands. As {@link settleOn}. */
export const settle = (storage: BlockStorage, volume: VolumeRecord): Promise<VolumeRecord | undefined> =>
  settleOn(volumeKind, storage, volume)
