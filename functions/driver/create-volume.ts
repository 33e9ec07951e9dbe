import { CreateVolume, createVolume } from '../../lib/driver/create-volume.ts'
import { operation } from '../../lib/lambda/operation.ts'

export const handler = operation(CreateVolume, createVolume)
