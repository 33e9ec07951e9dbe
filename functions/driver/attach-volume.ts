import { AttachVolume, attachVolume } from '../../lib/driver/attach-volume.ts'
import { deviceOperation } from '../../lib/lambda/devices.ts'

export const handler = deviceOperation(AttachVolume, attachVolume)
