import * as z from 'zod'
import { checkDeletable } from '../../volumes/delete.ts'
import { action } from './action.ts'

export const unmanage = action({
  summary: 'Forget a volume, which stays on the cluster',
  rule: 'volume:unmanage',
  body: z.unknown(),
  status: 202,
  check: (volume) => checkDeletable(volume, { force: false, cascade: false }),
  working: 'unmanaging',
  input: () => ({}),
})
