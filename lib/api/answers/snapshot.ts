import * as z from 'zod'
import { SnapshotStatus } from '../../volumes/record.ts'
import { Id, Pairs, since, Time } from './fields.ts'
import { moreOf } from './page.ts'

const brief = {
  id: Id,
  name: z.string().nullable(),
  description: z.string().nullable(),
  volume_id: Id,
  status: SnapshotStatus,
  size: z.int().describe("GiB: the volume's when it was taken"),
  created_at: Time.nullable(),
  updated_at: Time.nullable(),
  metadata: Pairs,
}
const fields = {
  ...brief,
  group_snapshot_id: since(14, z.string().nullable()),
  user_id: since(41, z.string()),
  consumes_quota: since(65, z.boolean()),
}

export const BriefSnapshot = z.strictObject(brief).meta({ id: 'SnapshotBrief' })
export type BriefSnapshot = z.infer<typeof BriefSnapshot>

export const Snapshot = z.strictObject(fields).meta({ id: 'Snapshot' })
export type Snapshot = z.infer<typeof Snapshot>

export const DetailedSnapshot = z
  .strictObject({
    ...fields,
    'os-extended-snapshot-attributes:project_id': z.string(),
    'os-extended-snapshot-attributes:progress': z.string().describe('Percent, such as 100%'),
  })
  .meta({ id: 'SnapshotDetail' })
export type DetailedSnapshot = z.infer<typeof DetailedSnapshot>

export const snapshotAnswers = {
  'POST snapshots': z.strictObject({ snapshot: Snapshot }),
  'GET snapshots': z.strictObject({ snapshots: z.array(BriefSnapshot), ...moreOf.snapshots }),
  'GET snapshots/detail': z.strictObject({ snapshots: z.array(DetailedSnapshot), ...moreOf.snapshots }),
  'GET snapshots/{id}': z.strictObject({ snapshot: DetailedSnapshot }),
  'PUT snapshots/{id}': z.strictObject({ snapshot: Snapshot }),
  'DELETE snapshots/{id}': undefined,
  'POST snapshots/{id}/action': undefined,
}
