import { CreateGroupSnapshot, createGroupSnapshot } from '../lib/driver/create-group-snapshot.ts'
import { DeleteGroupSnapshot, deleteGroupSnapshot } from '../lib/driver/delete-group-snapshot.ts'
import { GetManageableSnapshots, getManageableSnapshots } from '../lib/driver/get-manageable-snapshots.ts'
import { GetManageableVolumes, getManageableVolumes } from '../lib/driver/get-manageable-volumes.ts'
import { ManageExisting, manageExisting } from '../lib/driver/manage-existing.ts'
import { ManageExistingGetSize, manageExistingGetSize } from '../lib/driver/manage-existing-get-size.ts'
import { ManageExistingSnapshot, manageExistingSnapshot } from '../lib/driver/manage-existing-snapshot.ts'
import {
  ManageExistingSnapshotGetSize,
  manageExistingSnapshotGetSize,
} from '../lib/driver/manage-existing-snapshot-get-size.ts'
import { Unmanage, unmanage } from '../lib/driver/unmanage.ts'
import { UnmanageSnapshot, unmanageSnapshot } from '../lib/driver/unmanage-snapshot.ts'
import { UpdateMigratedVolume, updateMigratedVolume } from '../lib/driver/update-migrated-volume.ts'
import { clone, copy, group, managed, managedSnapshot, migrated, type Step, snapshot, step } from './step.ts'

const named = ({ id }: { id: string }) => ({ existing_ref: { 'source-name': `os--volume-${id}` } })
const namedSnapshot = ({ id }: { id: string }) => ({
  existing_ref: { 'source-name': `os--snap--none--snapshot-${id}` },
})

/** The part of a life in which objects come under Cinder's care, and leave it. */
export const managing: readonly Step[] = [
  step('create-group-snapshot', CreateGroupSnapshot, createGroupSnapshot, group),
  step('delete-group-snapshot', DeleteGroupSnapshot, deleteGroupSnapshot, group),
  step('update-migrated-volume', UpdateMigratedVolume, updateMigratedVolume, (life) => ({
    volume: migrated(life),
    new_volume: copy(life),
  })),
  step('unmanage', Unmanage, unmanage, (life) => ({ volume: clone(life) })),
  step('get-manageable-volumes', GetManageableVolumes, getManageableVolumes, () => ({})),
  step('manage-existing-get-size', ManageExistingGetSize, manageExistingGetSize, (life) => ({
    volume: managed(life),
    ...named(clone(life)),
  })),
  step('manage-existing', ManageExisting, manageExisting, (life) => ({
    volume: managed(life),
    ...named(clone(life)),
  })),
  step('unmanage-snapshot', UnmanageSnapshot, unmanageSnapshot, (life) => ({ snapshot: snapshot(life) })),
  step('get-manageable-snapshots', GetManageableSnapshots, getManageableSnapshots, () => ({})),
  step(
    'manage-existing-snapshot-get-size',
    ManageExistingSnapshotGetSize,
    manageExistingSnapshotGetSize,
    (life) => ({ snapshot: managedSnapshot(life), ...namedSnapshot(snapshot(life)) }),
  ),
  step('manage-existing-snapshot', ManageExistingSnapshot, manageExistingSnapshot, (life) => ({
    snapshot: managedSnapshot(life),
    ...namedSnapshot(snapshot(life)),
  })),
]
