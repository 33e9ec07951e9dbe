import { UpdateMigratedVolume, updateMigratedVolume } from '../../lib/driver/update-migrated-volume.ts'
import { attachingOperation } from '../../lib/lambda/attaching.ts'

export const handler = attachingOperation(UpdateMigratedVolume, updateMigratedVolume)
