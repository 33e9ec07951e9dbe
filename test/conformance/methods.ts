import type * as z from 'zod'
import { AttachVolume, attachVolume } from '../../lib/driver/attach-volume.ts'
import { CheckForSetupError, checkForSetupError } from '../../lib/driver/check-for-setup-error.ts'
import { CreateClonedVolume, createClonedVolume } from '../../lib/driver/create-cloned-volume.ts'
import { CreateGroupSnapshot, createGroupSnapshot } from '../../lib/driver/create-group-snapshot.ts'
import { CreateSnapshot, createSnapshot } from '../../lib/driver/create-snapshot.ts'
import { CreateVolume, createVolume } from '../../lib/driver/create-volume.ts'
import {
  CreateVolumeFromSnapshot,
  createVolumeFromSnapshot,
} from '../../lib/driver/create-volume-from-snapshot.ts'
import { DeleteGroupSnapshot, deleteGroupSnapshot } from '../../lib/driver/delete-group-snapshot.ts'
import { DeleteSnapshot, deleteSnapshot } from '../../lib/driver/delete-snapshot.ts'
import { DeleteVolume, deleteVolume } from '../../lib/driver/delete-volume.ts'
import { DetachVolume, detachVolume } from '../../lib/driver/detach-volume.ts'
import { Export, exportNothing } from '../../lib/driver/export.ts'
import { ExtendVolume, extendVolume } from '../../lib/driver/extend-volume.ts'
import { GetManageableSnapshots, getManageableSnapshots } from '../../lib/driver/get-manageable-snapshots.ts'
import { GetManageableVolumes, getManageableVolumes } from '../../lib/driver/get-manageable-volumes.ts'
import { GetPool, getPool } from '../../lib/driver/get-pool.ts'
import { GetVolumeStats, getVolumeStats } from '../../lib/driver/get-volume-stats.ts'
import { InitializeConnection, initializeConnection } from '../../lib/driver/initialize-connection.ts'
import { ManageExisting, manageExisting } from '../../lib/driver/manage-existing.ts'
import { ManageExistingGetSize, manageExistingGetSize } from '../../lib/driver/manage-existing-get-size.ts'
import { ManageExistingSnapshot, manageExistingSnapshot } from '../../lib/driver/manage-existing-snapshot.ts'
import {
  ManageExistingSnapshotGetSize,
  manageExistingSnapshotGetSize,
} from '../../lib/driver/manage-existing-snapshot-get-size.ts'
import { Retype, retype } from '../../lib/driver/retype.ts'
import { RevertToSnapshot, revertToSnapshot } from '../../lib/driver/revert-to-snapshot.ts'
import { TerminateConnection, terminateConnection } from '../../lib/driver/terminate-connection.ts'
import { Unmanage, unmanage } from '../../lib/driver/unmanage.ts'
import { UnmanageSnapshot, unmanageSnapshot } from '../../lib/driver/unmanage-snapshot.ts'
import { UpdateMigratedVolume, updateMigratedVolume } from '../../lib/driver/update-migrated-volume.ts'
import { ValidateConnector, validateConnector } from '../../lib/driver/validate-connector.ts'
import type { Cluster } from '../support/cluster.ts'

type Method = (backend: Cluster['backend'], input: unknown) => Promise<unknown>

/** An operation as a function takes it: parsed, then run. */
const method =
  <Schema extends z.ZodType>(
    Input: Schema,
    run: (backend: Cluster['backend'], input: z.output<Schema>) => Promise<unknown>,
  ): Method =>
  (backend, input) =>
    run(backend, Input.parse(input))

/** Every driver operation that works on the cluster, under its Cinder name. */
export const methods = {
  check_for_setup_error: method(CheckForSetupError, checkForSetupError),
  validate_connector: method(ValidateConnector, validateConnector),
  create_volume: method(CreateVolume, createVolume),
  delete_volume: method(DeleteVolume, deleteVolume),
  extend_volume: method(ExtendVolume, extendVolume),
  create_snapshot: method(CreateSnapshot, createSnapshot),
  delete_snapshot: method(DeleteSnapshot, deleteSnapshot),
  create_volume_from_snapshot: method(CreateVolumeFromSnapshot, createVolumeFromSnapshot),
  create_cloned_volume: method(CreateClonedVolume, createClonedVolume),
  create_export: method(Export, exportNothing),
  ensure_export: method(Export, exportNothing),
  remove_export: method(Export, exportNothing),
  initialize_connection: method(InitializeConnection, initializeConnection),
  attach_volume: method(AttachVolume, attachVolume),
  detach_volume: method(DetachVolume, detachVolume),
  terminate_connection: method(TerminateConnection, terminateConnection),
  get_volume_stats: method(GetVolumeStats, (backend, input) =>
    getVolumeStats({ ...backend, lastStats: async () => undefined }, input),
  ),
  get_pool: method(GetPool, getPool),
  retype: method(Retype, retype),
  revert_to_snapshot: method(RevertToSnapshot, revertToSnapshot),
  update_migrated_volume: method(UpdateMigratedVolume, updateMigratedVolume),
  manage_existing: method(ManageExisting, manageExisting),
  manage_existing_get_size: method(ManageExistingGetSize, manageExistingGetSize),
  unmanage: method(Unmanage, unmanage),
  manage_existing_snapshot: method(ManageExistingSnapshot, manageExistingSnapshot),
  manage_existing_snapshot_get_size: method(ManageExistingSnapshotGetSize, manageExistingSnapshotGetSize),
  unmanage_snapshot: method(UnmanageSnapshot, unmanageSnapshot),
  get_manageable_volumes: method(GetManageableVolumes, getManageableVolumes),
  get_manageable_snapshots: method(GetManageableSnapshots, getManageableSnapshots),
  create_group_snapshot: method(CreateGroupSnapshot, createGroupSnapshot),
  delete_group_snapshot: method(DeleteGroupSnapshot, deleteGroupSnapshot),
} satisfies Record<string, Method>
export type MethodName = keyof typeof methods
