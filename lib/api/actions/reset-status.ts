import * as z from 'zod'
import { VolumeStatus } from '../../volumes/record.ts'
import { badRequest, invalidInput } from '../../volumes/refusal.ts'
import { action } from './action.ts'

const targets = VolumeStatus.exclude(['deleting'])

const Body = z
  .strictObject({
    status: targets.optional(),
    attach_status: z.enum(['attached', 'detached']).optional(),
    migration_status: z.enum(['migrating', 'error', 'success', 'completing', 'none', 'starting']).nullish(),
  })
  .refine(
    (body) => Object.keys(body).length > 0,
    "needs one of 'status', 'attach_status' or 'migration_status'",
  )

/** Only the record: what is on the cluster stays as it is. */
export const resetStatus = action({
  summary: 'Say what state a volume is in, whatever it is on the cluster',
  rule: 'volume:reset_status',
  body: Body,
  status: 202,
  check({ attachments, status: now }, { status }) {
    if (status === 'in-use' && Object.keys(attachments).length === 0) {
      throw invalidInput('A volume without attachments cannot be set to in-use.')
    }
    if (now === 'deleting' && status === undefined) throw badRequest('Invalid volume: it is being deleted.')
  },
  amend: (volume, { status, attach_status, migration_status }) => ({
    ...volume,
    // Whoever works on it finds that it is not theirs any more.
    ...(status !== undefined && { status, work: null }),
    ...(attach_status === 'detached' && { attachments: {} }),
    ...(migration_status !== undefined && {
      migrationStatus: migration_status === 'none' ? null : migration_status,
    }),
  }),
})
