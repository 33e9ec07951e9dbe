import { ExtendVolume, extendVolume } from '../../lib/driver/extend-volume.ts'
import { operation } from '../../lib/lambda/operation.ts'

export const handler = operation(ExtendVolume, extendVolume)
