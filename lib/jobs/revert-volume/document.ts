import * as z from 'zod'
import { KnownSnapshot, KnownVolume } from '../../driver/model.ts'

const HOUR = 3600

export const RevertVolumeInput = z.strictObject({
  volume: KnownVolume,
  snapshot: KnownSnapshot,
  /** How long the snapshot of what the volume was before is kept: from an hour to a year, a week when left out. */
  keepSafetySeconds: z
    .int()
    .min(HOUR)
    .max(365 * 24 * HOUR)
    .default(7 * 24 * HOUR),
})
