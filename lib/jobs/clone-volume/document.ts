import * as z from 'zod'
import { KnownSnapshot, KnownVolume, Volume } from '../../driver/model.ts'
import { ClusterName } from '../../storpool/schema/values.ts'

export const CloneVolumeInput = z
  .strictObject({
    /** The volume that is to be made. */
    volume: Volume,
    /** What it begins with: a volume as it is when the job runs, or a snapshot. */
    src_vref: KnownVolume.optional(),
    snapshot: KnownSnapshot.optional(),
    /** The cluster of the location it is to live on; left out, that of its source. */
    cluster: ClusterName.optional(),
    /**
     * What the job waits for: nothing (the clone can be used at once), until its data is where its template wants it,
     * or until it shares no data with its source either.
     */
    wait: z.enum(['none', 'relocation', 'independent']).default('none'),
  })
  .refine(
    ({ src_vref, snapshot }) => (src_vref === undefined) !== (snapshot === undefined),
    'must have src_vref or snapshot, and not both',
  )
