import * as z from 'zod'
import { checkDeletable } from '../../volumes/delete.ts'
import { action } from './action.ts'

export const forceDelete = action({
  summary: 'Delete a volume in any state',
  rule: 'volume:force_delete',
  body: z.unknown(),
  status: 202,
  check: (volume) => checkDeletable(volume, { force: true, cascade: false }),
  working: 'deleting',
  input: () => ({ cascade: false }),
})
