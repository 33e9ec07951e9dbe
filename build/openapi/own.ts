import type * as z from 'zod'
import type { driverAnswers } from '../../lib/driver/answers.ts'
import { AttachVolume } from '../../lib/driver/attach-volume.ts'
import { CheckForSetupError } from '../../lib/driver/check-for-setup-error.ts'
import { CreateClonedVolume } from '../../lib/driver/create-cloned-volume.ts'
import { CreateGroupSnapshot } from '../../lib/driver/create-group-snapshot.ts'
import { CreateSnapshot } from '../../lib/driver/create-snapshot.ts'
import { CreateVolume } from '../../lib/driver/create-volume.ts'
import { CreateVolumeFromSnapshot } from '../../lib/driver/create-volume-from-snapshot.ts'
import { DeleteGroupSnapshot } from '../../lib/driver/delete-group-snapshot.ts'
import { DeleteSnapshot } from '../../lib/driver/delete-snapshot.ts'
import { DeleteVolume } from '../../lib/driver/delete-volume.ts'
import { DetachVolume } from '../../lib/driver/detach-volume.ts'
import { Export } from '../../lib/driver/export.ts'
import { ExtendVolume } from '../../lib/driver/extend-volume.ts'
import { GetManageableSnapshots } from '../../lib/driver/get-manageable-snapshots.ts'
import { GetManageableVolumes } from '../../lib/driver/get-manageable-volumes.ts'
import { GetPool } from '../../lib/driver/get-pool.ts'
import { GetVolumeStats } from '../../lib/driver/get-volume-stats.ts'
import { InitializeConnection } from '../../lib/driver/initialize-connection.ts'
import { ManageExisting } from '../../lib/driver/manage-existing.ts'
import { ManageExistingGetSize } from '../../lib/driver/manage-existing-get-size.ts'
import { ManageExistingSnapshot } from '../../lib/driver/manage-existing-snapshot.ts'
import { ManageExistingSnapshotGetSize } from '../../lib/driver/manage-existing-snapshot-get-size.ts'
import { Retype } from '../../lib/driver/retype.ts'
import { RevertToSnapshot } from '../../lib/driver/revert-to-snapshot.ts'
import { TerminateConnection } from '../../lib/driver/terminate-connection.ts'
import { Unmanage } from '../../lib/driver/unmanage.ts'
import { UnmanageSnapshot } from '../../lib/driver/unmanage-snapshot.ts'
import { UpdateMigratedVolume } from '../../lib/driver/update-migrated-volume.ts'
import { ValidateConnector } from '../../lib/driver/validate-connector.ts'
import { queuedAnswers } from '../../lib/jobs/answers.ts'
import { BackupVolume } from '../../lib/jobs/backup-volume/operation.ts'
import { CopyImageToVolume } from '../../lib/jobs/copy-image-to-volume/operation.ts'
import { CopyVolumeToImage } from '../../lib/jobs/copy-volume-to-image/operation.ts'
import { ListBackups } from '../../lib/jobs/list-backups.ts'
import { GetJob, ListJobs } from '../../lib/jobs/read.ts'
import { ListDeadLetters, Redrive } from '../../lib/jobs/redrive.ts'
import { RestoreBackup } from '../../lib/jobs/restore-backup/operation.ts'
import { SubmitJob } from '../../lib/jobs/submit.ts'
import { Reconcile } from '../../lib/lambda/reconciling.ts'
import { GetHealth } from '../../lib/stats/health.ts'
import { GetStats } from '../../lib/stats/read.ts'

/** A call beside Block Storage's: `POST /driver/create_volume`. */
export interface OwnCall {
  readonly summary: string
  readonly body?: z.ZodType
  /** Of the path and of the query. */
  readonly parameters?: z.ZodObject
  readonly status?: number
}

/** Driver operations by method: what each takes. */
const driver: Readonly<Record<keyof typeof driverAnswers | keyof typeof queuedAnswers, z.ZodType>> = {
  attach_volume: AttachVolume,
  backup_volume: BackupVolume,
  check_for_setup_error: CheckForSetupError,
  copy_image_to_volume: CopyImageToVolume,
  copy_volume_to_image: CopyVolumeToImage,
  create_cloned_volume: CreateClonedVolume,
  create_export: Export,
  create_group_snapshot: CreateGroupSnapshot,
  create_snapshot: CreateSnapshot,
  create_volume_from_snapshot: CreateVolumeFromSnapshot,
  create_volume: CreateVolume,
  delete_group_snapshot: DeleteGroupSnapshot,
  delete_snapshot: DeleteSnapshot,
  delete_volume: DeleteVolume,
  detach_volume: DetachVolume,
  ensure_export: Export,
  extend_volume: ExtendVolume,
  get_manageable_snapshots: GetManageableSnapshots,
  get_manageable_volumes: GetManageableVolumes,
  get_pool: GetPool,
  get_volume_stats: GetVolumeStats,
  initialize_connection: InitializeConnection,
  manage_existing_get_size: ManageExistingGetSize,
  manage_existing_snapshot_get_size: ManageExistingSnapshotGetSize,
  manage_existing_snapshot: ManageExistingSnapshot,
  manage_existing: ManageExisting,
  remove_export: Export,
  restore_backup: RestoreBackup,
  retype: Retype,
  revert_to_snapshot: RevertToSnapshot,
  terminate_connection: TerminateConnection,
  unmanage_snapshot: UnmanageSnapshot,
  unmanage: Unmanage,
  update_migrated_volume: UpdateMigratedVolume,
  validate_connector: ValidateConnector,
}

const words = (method: string) => method.replaceAll('_', ' ')

/** Every call that is not Block Storage's, as API Gateway names its route. */
export const ownCalls: Readonly<Record<string, OwnCall>> = {
  ...Object.fromEntries(
    Object.entries(driver).map(([method, body]) => [
      `POST /driver/${method}`,
      {
        summary: `Driver operation: ${words(method)}`,
        body,
        ...(Object.hasOwn(queuedAnswers, method) && { status: 202 }),
      },
    ]),
  ),
  'POST /jobs': { summary: 'Queue a long job', body: SubmitJob, status: 202 },
  'GET /jobs': { summary: 'List jobs', parameters: ListJobs },
  'GET /jobs/{id}': { summary: 'Show a job as it stands', parameters: GetJob },
  'POST /jobs/{id}/cancel': { summary: 'Cancel a job', parameters: GetJob, status: 202 },
  'GET /backups': { summary: 'List the backups of a repository', parameters: ListBackups },
  'GET /dead-letters': { summary: 'List what the queue gave up', parameters: ListDeadLetters },
  'POST /dead-letters/redrive': { summary: 'Queue again what the queue gave up', body: Redrive },
  'POST /reconcile': {
    summary: 'Put records right, and say where the cluster does not agree with them',
    body: Reconcile,
  },
  'GET /stats': { summary: "A cluster's statistics of the last hour", parameters: GetStats },
  'GET /health': { summary: 'Whether volumes can be worked on right now', parameters: GetHealth },
  'GET /hosts': { summary: 'What is known of hosts, and what their agents say' },
}
