import * as z from 'zod'
import { begin } from '../../volumes/begin.ts'
import { findVolume } from '../../volumes/find.ts'
import { imageFor } from '../../volumes/images.ts'
import type { VolumeRecord } from '../../volumes/record.ts'
import { Bool } from '../fields.ts'
import { action, refuseState } from './action.ts'
import { refuseMigrating } from './migrate.ts'

/** @see cinder/api/contrib/volume_actions.py _reimage */
export const reimage = action({
  summary: 'Put another image on a volume; on one that is reserved only where that is said',
  rule: 'volume:reimage',
  since: 68,
  body: z.strictObject({ image_id: z.uuid('is not a uuid'), reimage_reserved: Bool.nullish() }),
  status: 202,
  allowed: ['available', 'error', 'reserved'],
  working: 'downloading',
  async run({ storage, caller }, id, { image_id: imageId, reimage_reserved }) {
    const check = (volume: VolumeRecord) => {
      refuseState('os-reimage', volume, [
        'available',
        'error',
        ...(reimage_reserved ? ['reserved' as const] : []),
      ])
      refuseMigrating(volume)
    }
    const volume = await findVolume(storage, caller, id)
    check(volume)
    await imageFor(storage, imageId, { id, sizeGiB: volume.size }, caller.token)
    const asked = { action: 'os-reimage', input: { imageId }, working: 'downloading' } as const
    await begin(storage, caller, id, { ...asked, check })
    return undefined
  },
})
