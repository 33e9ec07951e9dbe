import { GetVolumeStats, getVolumeStats } from '../../lib/driver/get-volume-stats.ts'
import { operation } from '../../lib/lambda/operation.ts'

export const handler = operation(GetVolumeStats, getVolumeStats)
