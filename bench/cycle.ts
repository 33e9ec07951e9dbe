import { AttachVolume, attachVolume } from '../lib/driver/attach-volume.ts'
import type { AttachingBackend } from '../lib/driver/backend.ts'
import { CheckForSetupError, checkForSetupError } from '../lib/driver/check-for-setup-error.ts'
import { CreateClonedVolume, createClonedVolume } from '../lib/driver/create-cloned-volume.ts'
import { CreateSnapshot, createSnapshot } from '../lib/driver/create-snapshot.ts'
import { CreateVolume, createVolume } from '../lib/driver/create-volume.ts'
import {
  CreateVolumeFromSnapshot,
  createVolumeFromSnapshot,
} from '../lib/driver/create-volume-from-snapshot.ts'
import { DeleteSnapshot, deleteSnapshot } from '../lib/driver/delete-snapshot.ts'
import { DeleteVolume, deleteVolume } from '../lib/driver/delete-volume.ts'
import { DetachVolume, detachVolume } from '../lib/driver/detach-volume.ts'
import { Export, exportNothing } from '../lib/driver/export.ts'
import { ExtendVolume, extendVolume } from '../lib/driver/extend-volume.ts'
import { GetPool, getPool } from '../lib/driver/get-pool.ts'
import { GetVolumeStats, getVolumeStats } from '../lib/driver/get-volume-stats.ts'
import { InitializeConnection, initializeConnection } from '../lib/driver/initialize-connection.ts'
import { Retype, retype } from '../lib/driver/retype.ts'
import { RevertToSnapshot, revertToSnapshot } from '../lib/driver/revert-to-snapshot.ts'
import { TerminateConnection, terminateConnection } from '../lib/driver/terminate-connection.ts'
import { ValidateConnector, validateConnector } from '../lib/driver/validate-connector.ts'
import { BackupVolume, backupVolume } from '../lib/jobs/backup-volume/operation.ts'
import { CopyImageToVolume, copyImageToVolume } from '../lib/jobs/copy-image-to-volume/operation.ts'
import { CopyVolumeToImage, copyVolumeToImage } from '../lib/jobs/copy-volume-to-image/operation.ts'
import { RestoreBackup, restoreBackup } from '../lib/jobs/restore-backup/operation.ts'
import { submission } from '../lib/lambda/submission.ts'
import { managing } from './cycle-managing.ts'
import {
  clone,
  connector,
  copy,
  managed,
  managedSnapshot,
  migrated,
  type Step,
  snapshot,
  step,
  volume,
} from './step.ts'

const image = { source: { kind: 'folder', name: 'bench.raw' }, format: 'raw' }
const backup = { repository: 'backups', snapshotId: 'a'.repeat(64), sizeBytes: 1024 ** 3 }
const ssd = { extra_specs: { storpool_template: 'ssd' } }

/** Every driver operation, in an order in which each finds what it needs. */
export const cycle: readonly Step[] = [
  step('check-for-setup-error', CheckForSetupError, checkForSetupError, () => ({})),
  step(
    'get-volume-stats',
    GetVolumeStats,
    (backend, input) => getVolumeStats({ ...backend, lastStats: async () => undefined }, input),
    () => ({ refresh: true }),
  ),
  step('create-volume', CreateVolume, createVolume, (life) => ({ volume: volume(life) })),
  step('get-pool', GetPool, getPool, (life) => ({ volume: volume(life) })),
  step('create-cloned-volume', CreateClonedVolume, createClonedVolume, (life) => ({
    volume: clone(life),
    src_vref: volume(life),
  })),
  step('extend-volume', ExtendVolume, extendVolume, (life) => ({ volume: clone(life), new_size: 2 })),
  step('retype', Retype, retype, (life) => ({ volume: clone(life), new_type: ssd })),
  step('create-snapshot', CreateSnapshot, createSnapshot, (life) => ({ snapshot: snapshot(life) })),
  step('create-volume-from-snapshot', CreateVolumeFromSnapshot, createVolumeFromSnapshot, (life) => ({
    volume: copy(life),
    snapshot: snapshot(life),
  })),
  step('revert-to-snapshot', RevertToSnapshot, revertToSnapshot, (life) => ({
    volume: volume(life),
    snapshot: snapshot(life),
  })),
  step(
    'copy-image-to-volume',
    CopyImageToVolume,
    (_, input) => copyImageToVolume(submission(), input),
    (life) => ({ volume: volume(life), image }),
  ),
  step(
    'copy-volume-to-image',
    CopyVolumeToImage,
    (_, input) => copyVolumeToImage(submission(), input),
    (life) => ({
      volume: volume(life),
      image: { destination: { kind: 'folder', store: 'images', name: `${life}.qcow2` } },
    }),
  ),
  step(
    'backup-volume',
    BackupVolume,
    (_, input) => backupVolume(submission(), input),
    (life) => ({ volume: volume(life), repository: 'backups' }),
  ),
  step(
    'restore-backup',
    RestoreBackup,
    (_, input) => restoreBackup(submission(), input),
    (life) => ({ volume: volume(life), backup }),
  ),
  step('validate-connector', ValidateConnector, validateConnector, () => ({ connector })),
  step('create-export', Export, exportNothing, (life) => ({ volume: copy(life), connector })),
  step('ensure-export', Export, exportNothing, (life) => ({ volume: copy(life) })),
  step('initialize-connection', InitializeConnection, initializeConnection, (life) => ({
    volume: copy(life),
    connector,
  })),
  step('terminate-connection', TerminateConnection, terminateConnection, (life) => ({
    volume: copy(life),
    connector,
  })),
  step('remove-export', Export, exportNothing, (life) => ({ volume: copy(life) })),
  step('attach-volume', AttachVolume, attachVolume, (life) => ({ volume: clone(life), connector })),
  step('detach-volume', DetachVolume, detachVolume, (life) => ({ volume: clone(life), connector })),
  ...managing,
  step('delete-snapshot', DeleteSnapshot, deleteSnapshot, (life) => ({ snapshot: managedSnapshot(life) })),
  step('delete-volume', DeleteVolume, deleteVolume, (life) => ({ volume: volume(life) })),
]

/** Ends the life that a cycle began, outside of the measurement. */
export const farewell = async (backend: AttachingBackend, life: string): Promise<void> => {
  for (const left of [managed(life), migrated(life)]) await deleteVolume(backend, { volume: left })
}
