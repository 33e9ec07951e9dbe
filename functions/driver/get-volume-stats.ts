import { GetVolumeStats, getVolumeStats } from '../../lib/driver/get-volume-stats.ts'
import { sampledOperation } from '../../lib/lambda/sampled.ts'

export const handler = sampledOperation(GetVolumeStats, getVolumeStats)
