import * as z from 'zod'
import { KnownVolume, VolumeType } from '../../driver/model.ts'
import { Diff } from '../../driver/retype-changes.ts'

export const RetypeVolumeInput = z.strictObject({
  volume: KnownVolume,
  new_type: VolumeType,
  diff: Diff.default({}),
  /** Whether the job waits until the data is where the new template wants it. */
  wait: z.enum(['none', 'relocation']).default('relocation'),
})
export type RetypeVolumeInput = z.infer<typeof RetypeVolumeInput>
