import * as z from 'zod'
import { Snapshot } from './snapshot.ts'
import { Volume } from './volume.ts'

const brief = {
  reference: z.strictObject({ 'source-name': z.string(), 'source-id': z.string() }),
  size: z.int().describe('GiB'),
  safe_to_manage: z.boolean(),
  source_reference: z
    .strictObject({ 'source-name': z.string() })
    .optional()
    .describe('Only of a snapshot: its volume'),
}

export const BriefManageable = z.strictObject(brief).meta({ id: 'ManageableBrief' })
export type BriefManageable = z.infer<typeof BriefManageable>

export const DetailedManageable = z
  .strictObject({
    ...brief,
    reason_not_safe: z.string().nullable(),
    cinder_id: z.string().nullable(),
    extra_info: z.strictObject({ template: z.string() }).nullable(),
  })
  .meta({ id: 'Manageable' })
export type DetailedManageable = z.infer<typeof DetailedManageable>

const volumes = {
  brief: z.strictObject({ 'manageable-volumes': z.array(BriefManageable) }),
  detail: z.strictObject({ 'manageable-volumes': z.array(DetailedManageable) }),
  one: z.strictObject({ volume: Volume }),
}
const snapshots = {
  brief: z.strictObject({ 'manageable-snapshots': z.array(BriefManageable) }),
  detail: z.strictObject({ 'manageable-snapshots': z.array(DetailedManageable) }),
  one: z.strictObject({ snapshot: Snapshot }),
}

export const manageAnswers = {
  'GET manageable_volumes': volumes.brief,
  'GET manageable_volumes/detail': volumes.detail,
  'POST manageable_volumes': volumes.one,
  'GET os-volume-manage': volumes.brief,
  'GET os-volume-manage/detail': volumes.detail,
  'POST os-volume-manage': volumes.one,
  'GET manageable_snapshots': snapshots.brief,
  'GET manageable_snapshots/detail': snapshots.detail,
  'POST manageable_snapshots': snapshots.one,
  'GET os-snapshot-manage': snapshots.brief,
  'GET os-snapshot-manage/detail': snapshots.detail,
  'POST os-snapshot-manage': snapshots.one,
}
