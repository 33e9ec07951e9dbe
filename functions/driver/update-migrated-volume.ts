import { UpdateMigratedVolume, updateMigratedVolume } from '../../lib/driver/update-migrated-volume.ts'
import { operation } from '../../lib/lambda/operation.ts'

export const handler = operation(UpdateMigratedVolume, updateMigratedVolume)
