import * as z from 'zod'
import { Bool } from '../fields.ts'
import { action } from './action.ts'

export const setBootable = action({
  summary: 'Say whether a volume can be started from',
  rule: 'volume:set_bootable',
  body: z.strictObject({ bootable: Bool }),
  status: 200,
  amend: (volume, { bootable }) => ({ ...volume, bootable }),
})

export const updateReadonlyFlag = action({
  summary: 'Have a volume attached for reading only, or not any more',
  rule: 'volume:readonly',
  body: z.strictObject({ readonly: Bool }),
  status: 202,
  allowed: ['available'],
  amend: (volume, { readonly }) => ({ ...volume, readonly }),
})
