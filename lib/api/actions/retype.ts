import * as z from 'zod'
import { begin } from '../../volumes/begin.ts'
import type { TypeRecord, VolumeRecord } from '../../volumes/record.ts'
import { invalidInput, invalidVolume } from '../../volumes/refusal.ts'
import { MigrationPolicy, typeAmounts } from '../../volumes/retype.ts'
import { findType, says } from '../../volumes/types.ts'
import { action, refuseState } from './action.ts'
import { refuseMigrating } from './migrate.ts'

const allowed = ['available', 'in-use'] as const

const check = (volume: VolumeRecord, type: TypeRecord) => {
  refuseState('os-retype', volume, allowed)
  refuseMigrating(volume)
  if (volume.typeId === type.id) throw invalidInput(`New volume_type same as original: ${type.name}.`)
  if (volume.status === 'in-use' && volume.multiattach !== says(type, 'multiattach')) {
    throw invalidVolume('Volume must be detached to change whether it may be attached more than once.')
  }
}

/** @see cinder/volume/api.py retype */
export const retype = action({
  summary: 'Give a volume another type: in place, or on demand by migrating it',
  rule: 'volume:retype',
  body: z.looseObject({
    new_type: z.string('is not text').min(1, 'is empty').max(255, 'is too long'),
    migration_policy: MigrationPolicy.nullish(),
  }),
  status: 202,
  allowed,
  working: 'retyping',
  async run({ storage, caller }, id, { new_type, migration_policy }) {
    const type = await findType(storage, caller, new_type)
    await begin(storage, caller, id, {
      action: 'os-retype',
      input: { type: type.id, policy: migration_policy ?? 'never' },
      working: 'retyping',
      check: (volume) => check(volume, type),
      amounts: ({ size }) => typeAmounts(size, type.id),
    })
    return undefined
  },
})
