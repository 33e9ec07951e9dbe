import * as z from 'zod'
import {
  ClientId,
  ClusterName,
  Limit,
  OnAttached,
  PlacementGroupName,
  Replication,
  Seconds,
  SizeBytes,
  SnapshotRef,
  Tags,
  TemplateName,
  VolumeName,
  VolumeRef,
} from './values.ts'

const policy = {
  placeAll: PlacementGroupName.optional(),
  placeTail: PlacementGroupName.optional(),
  placeHead: PlacementGroupName.optional(),
  replication: Replication.optional(),
  bw: Limit.optional(),
  iops: Limit.optional(),
  reuseServer: z.boolean().optional(),
  tags: Tags.optional(),
}

export const VolumeCreateDesc = z.strictObject({
  name: VolumeName.optional(),
  size: SizeBytes.optional(),
  parent: SnapshotRef.optional(),
  baseOn: VolumeRef.optional(),
  template: TemplateName.optional(),
  ...policy,
})
export type VolumeCreateDesc = z.infer<typeof VolumeCreateDesc>

export const VolumeUpdateDesc = z.strictObject({
  /** The empty string drops the name. */
  rename: z.union([VolumeName, z.literal('')]).optional(),
  size: SizeBytes.optional(),
  /** Relative, hence not repeatable: the driver never sends it. */
  sizeAdd: SizeBytes.optional(),
  template: TemplateName.optional(),
  shrinkOk: z.boolean().optional(),
  ...policy,
})
export type VolumeUpdateDesc = z.infer<typeof VolumeUpdateDesc>

export const VolumeDeleteDesc = z.strictObject({ onAttached: OnAttached.optional() })
export type VolumeDeleteDesc = z.infer<typeof VolumeDeleteDesc>

export const VolumeRevertDesc = z.strictObject({
  toSnapshot: SnapshotRef,
  revertSize: z.boolean().optional(),
})
export type VolumeRevertDesc = z.infer<typeof VolumeRevertDesc>

/** No parent means none at all. */
export const RebaseDesc = z.strictObject({ parentName: SnapshotRef.optional() })
export type RebaseDesc = z.infer<typeof RebaseDesc>

export const VolumeMoveDesc = z.strictObject({ cluster: ClusterName, onAttached: OnAttached.optional() })
export type VolumeMoveDesc = z.infer<typeof VolumeMoveDesc>

const deletion = { targetDeleteDate: Seconds.optional(), deleteAfter: Seconds.optional() }

export const VolumeSnapshotDesc = z.strictObject({
  name: VolumeName.optional(),
  bind: z.boolean().optional(),
  tags: Tags.optional(),
  ...deletion,
})
export type VolumeSnapshotDesc = z.infer<typeof VolumeSnapshotDesc>

export const SnapshotUpdateDesc = z.strictObject({
  rename: VolumeName.optional(),
  template: TemplateName.optional(),
  bind: z.boolean().optional(),
  ...deletion,
  ...policy,
})
export type SnapshotUpdateDesc = z.infer<typeof SnapshotUpdateDesc>

export const VolumesGroupSnapshotDesc = z.strictObject({
  volumes: z.array(z.strictObject({ volume: VolumeRef, name: VolumeName.optional(), tags: Tags.optional() })),
  /** For each of the snapshots. */
  tags: Tags.optional(),
})
export type VolumesGroupSnapshotDesc = z.infer<typeof VolumesGroupSnapshotDesc>

const detach = z.union([z.array(ClientId), z.literal('all')]).optional()

export const VolumeReassignDesc = z.strictObject({
  volume: VolumeRef,
  detach,
  ro: z.array(ClientId).optional(),
  rw: z.array(ClientId).optional(),
  force: z.boolean().optional(),
  allowRemoteExported: z.boolean().optional(),
  onRemoteAttached: OnAttached.optional(),
  mcMode: z.enum(['move', 'export']).optional(),
})
export const SnapshotReassignDesc = z.strictObject({
  snapshot: SnapshotRef,
  detach,
  ro: z.array(ClientId).optional(),
  force: z.boolean().optional(),
})
export const ReassignList = z.array(z.union([VolumeReassignDesc, SnapshotReassignDesc]))
export const VolumesReassignWaitDesc = z.strictObject({
  reassign: ReassignList,
  /** Seconds to wait for hosts that are away; 0 returns at once, absent waits without limit. */
  attachTimeout: Seconds.optional(),
})
export type VolumesReassignWaitDesc = z.infer<typeof VolumesReassignWaitDesc>
