import { DetachVolume, detachVolume } from '../../lib/driver/detach-volume.ts'
import { deviceOperation } from '../../lib/lambda/devices.ts'

export const handler = deviceOperation(DetachVolume, detachVolume)
