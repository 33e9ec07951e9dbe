import * as z from 'zod'
import { nothing, says } from '../answers.ts'
import type { attachVolume } from './attach-volume.ts'
import type { createGroupSnapshot } from './create-group-snapshot.ts'
import type { createVolume } from './create-volume.ts'
import type { detachVolume } from './detach-volume.ts'
import type { getManageableSnapshots } from './get-manageable-snapshots.ts'
import type { getManageableVolumes } from './get-manageable-volumes.ts'
import type { getPool } from './get-pool.ts'
import type { initializeConnection } from './initialize-connection.ts'
import type { manageExistingGetSize } from './manage-existing-get-size.ts'
import { AccessMode, Connector } from './model.ts'
import type { retype } from './retype.ts'
import { VolumeStats } from './stats-answer.ts'
import type { updateMigratedVolume } from './update-migrated-volume.ts'

const made = says<typeof createVolume>()(
  z
    .strictObject({ provider_location: z.string().describe("StorPool's global id, without the tilde") })
    .meta({ id: 'ModelUpdate' }),
)

const connected = says<typeof initializeConnection>()(
  z
    .strictObject({
      driver_volume_type: z.literal('storpool'),
      data: z.strictObject({
        client_id: z.int().describe("StorPool's number for the host"),
        volume: z.string().describe("The id that the volume's name on the cluster is made of"),
        access_mode: AccessMode,
        globalId: z.string(),
        attachmentId: z.string().describe('With the generation: what ends exactly this connection'),
        generation: z.int(),
      }),
    })
    .meta({ id: 'DriverConnectionInfo' }),
)

const ended = z.enum(['available', 'deleted', 'error_deleting'])
const group = says<typeof createGroupSnapshot>()(
  z
    .strictObject({
      model_update: z.strictObject({ status: ended }),
      snapshots_model_update: z
        .array(z.strictObject({ id: z.string(), status: ended, provider_location: z.string().optional() }))
        .readonly(),
    })
    .meta({ id: 'GroupSnapshotUpdate' }),
)

const manageable = z
  .strictObject({
    reference: z.strictObject({ 'source-name': z.string(), 'source-id': z.string() }),
    source_reference: z.strictObject({ 'source-name': z.string() }).optional(),
    size: z.int().describe('GiB'),
    safe_to_manage: z.boolean(),
    reason_not_safe: z.string().nullable(),
    cinder_id: z.string().nullable(),
    extra_info: z.strictObject({ template: z.string() }).nullable(),
  })
  .meta({ id: 'DriverManageable' })

const size = says<typeof manageExistingGetSize>()(z.strictObject({ size: z.int().describe('GiB') }))

/** Driver operations by method: what each answers. Those that take long are jobs, and have their answers there. */
export const driverAnswers = {
  attach_volume: says<typeof attachVolume>()(
    z.strictObject({
      conn: connected,
      device: z.strictObject({ type: z.literal('block'), path: z.string() }),
      connector: Connector,
    }),
  ),
  check_for_setup_error: nothing,
  create_cloned_volume: made,
  create_export: nothing,
  create_group_snapshot: group,
  create_snapshot: made,
  create_volume_from_snapshot: made,
  create_volume: made,
  delete_group_snapshot: group,
  delete_snapshot: nothing,
  delete_volume: nothing,
  detach_volume: says<typeof detachVolume>()(
    z.strictObject({ ignored: z.array(z.string()).describe('With ignore_errors: what was passed over') }),
  ),
  ensure_export: nothing,
  extend_volume: nothing,
  get_manageable_snapshots: says<typeof getManageableSnapshots>()(
    z.strictObject({ snapshots: z.array(manageable) }),
  ),
  get_manageable_volumes: says<typeof getManageableVolumes>()(
    z.strictObject({ volumes: z.array(manageable) }),
  ),
  get_pool: says<typeof getPool>()(z.strictObject({ pool: z.string() })),
  get_volume_stats: VolumeStats,
  initialize_connection: connected,
  manage_existing_get_size: size,
  manage_existing_snapshot_get_size: size,
  manage_existing_snapshot: made,
  manage_existing: made,
  remove_export: nothing,
  retype: says<typeof retype>()(
    z.union([
      z.strictObject({
        retyped: z.literal(true),
        template: z.string(),
        relocating: z.boolean().describe('Whether data moves to the new place in the background'),
      }),
      z
        .strictObject({ retyped: z.literal(false), reason: z.string() })
        .describe('It needs another backend: the data has to be migrated'),
    ]),
  ),
  revert_to_snapshot: nothing,
  terminate_connection: nothing,
  unmanage_snapshot: nothing,
  unmanage: nothing,
  update_migrated_volume: says<typeof updateMigratedVolume>()(
    z.strictObject({
      _name_id: z.string().nullable().describe("The id the object is named after; null: the volume's own"),
      provider_location: z.string(),
    }),
  ),
  validate_connector: nothing,
} satisfies Record<string, z.ZodType>
