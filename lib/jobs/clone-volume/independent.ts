import { clusterOf } from '../../driver/manage-existing-snapshot.ts'
import type { VolumeSummary } from '../../storpool/schema/answers.ts'
import { volumeRebase, volumeSummary } from '../../storpool/volumes.ts'
import type { JobBackend } from '../backend.ts'
import type { Moving } from '../relocation.ts'

/** Have the clone's data made its own. Run again, it is asked for again, or all is done. */
export const leaveParent =
  ({ globalId }: Moving) =>
  async ({ storpool }: JobBackend): Promise<void> => {
    const ref = `~${globalId}`
    const there = await volumeSummary(storpool, ref)
    if (!hasParent(there)) return
    await volumeRebase(storpool, ref, {}, clusterOf(there))
  }

export const hasParent = ({ parentName = '' }: VolumeSummary): boolean => parentName !== ''
