import { DeleteVolume, deleteVolume } from '../../lib/driver/delete-volume.ts'
import { operation } from '../../lib/lambda/operation.ts'

export const handler = operation(DeleteVolume, deleteVolume)
