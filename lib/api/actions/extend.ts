import * as z from 'zod'
import { sizeAmounts } from '../../volumes/quotas.ts'
import { invalidInput } from '../../volumes/refusal.ts'
import { Size } from '../fields.ts'
import { action } from './action.ts'

export const extend = action({
  summary: 'Grow a volume, from 3.42 also one in use',
  rule: 'volume:extend',
  body: z.strictObject({ new_size: Size }),
  status: 202,
  allowed: (version) => (version >= 42 ? ['available', 'in-use'] : ['available']),
  check({ size }, { new_size }) {
    if (new_size <= size) {
      throw invalidInput(
        `New size for extend must be greater than current size. (current: ${size}, extended: ${new_size}).`,
      )
    }
  },
  working: 'extending',
  amounts: ({ size, typeId }, { new_size }) => sizeAmounts(new_size - size, typeId),
})
