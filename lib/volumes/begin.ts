import type { Caller } from '../auth/caller.ts'
import { type Asked as AskedOf, amendOn, beginOn } from './begin-on.ts'
import type { BlockStorage } from './block-storage.ts'
import { volumeKind } from './carry-out.ts'
import { findVolume } from './find.ts'
import type { VolumeRecord } from './record.ts'

/** What is asked of a volume, and what it has to be like for that. */
export type Asked = AskedOf<VolumeRecord>

/** Take a volume for an operation, and carry that out. As {@link beginOn}. */
export const begin = async (
  storage: BlockStorage,
  caller: Caller,
  id: string,
  asked: Asked,
): Promise<VolumeRecord | undefined> =>
  beginOn(volumeKind, storage, await findVolume(storage, caller, id), asked)

/** Change a volume's record alone, in one conditional write. @throws ApiError 404 */
export const amend = async (
  storage: BlockStorage,
  caller: Caller,
  id: string,
  next: (volume: VolumeRecord) => VolumeRecord,
): Promise<VolumeRecord> => amendOn(volumeKind, storage, await findVolume(storage, caller, id), next)
