import * as z from 'zod'
import { carryOut, volumeKind } from '../../volumes/carry-out.ts'
import { findVolume } from '../../volumes/find.ts'
import { giveUp } from '../../volumes/working.ts'
import { Bool } from '../fields.ts'
import { action, refuseState } from './action.ts'

/** An extension is carried out at once; one that was cut off is ended now, as who says so wants it ended. */
export const extendCompletion = action({
  summary: 'End the extension of a volume',
  rule: 'volume:extend_completion',
  since: 71,
  body: z.strictObject({ error: Bool.nullish() }),
  status: 202,
  allowed: ['extending'],
  async run({ storage, caller }, id, { error }) {
    const volume = await findVolume(storage, caller, id)
    refuseState('os-extend_volume_completion', volume, ['extending'])
    if (error) await giveUp(volumeKind, storage, volume, 'error_extending')
    else if (volume.work !== null) await carryOut(storage, volume)
    else {
      const isAttached = Object.keys(volume.attachments).length > 0
      await giveUp(volumeKind, storage, volume, isAttached ? 'in-use' : 'available')
    }
    return undefined
  },
})
