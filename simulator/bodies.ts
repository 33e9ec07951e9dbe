import * as z from 'zod'
import {
  SnapshotUpdateDesc,
  VolumeCreateDesc,
  VolumeSnapshotDesc,
  VolumeUpdateDesc,
} from '../lib/storpool/schema/asked.ts'
import {
  OnAttached,
  PlacementGroupName,
  Seconds,
  SnapshotName,
  SnapshotRef,
  Tags,
  TemplateName,
  VolumeName,
} from '../lib/storpool/schema/values.ts'

/**
 * What the real server takes: the shared schemas, and what other clients send besides, such as an empty string for
 * "no name" or "no tags".
 */
export const tags = z.preprocess((value) => (value === '' ? {} : value), Tags.optional()).optional()
const limitType = z.enum(['total', 'perGiB']).optional()
const VolumeNameOrNone = z.union([VolumeName, z.literal('')]).optional()

/** No body and `{}` are the same. */
export const Nothing = z.strictObject({}).optional()

export const VolumeCreate = z.strictObject({
  ...VolumeCreateDesc.shape,
  name: VolumeNameOrNone,
  tags,
  limitType,
})
export type VolumeCreate = z.infer<typeof VolumeCreate>

export const VolumeUpdate = z.strictObject({ ...VolumeUpdateDesc.shape, tags, limitType })
export type VolumeUpdate = z.infer<typeof VolumeUpdate>

export const VolumeDelete = z.strictObject({ onAttached: OnAttached.optional() }).optional()

/** Names that are given are volume names: `@` and `*` are the server's own. */
export const VolumeSnapshot = z
  .strictObject({ ...VolumeSnapshotDesc.shape, name: VolumeNameOrNone, tags })
  .default({})
export type VolumeSnapshot = z.infer<typeof VolumeSnapshot>

export const VolumesGroupSnapshot = z.strictObject({
  volumes: z.array(z.strictObject({ volume: z.string(), name: VolumeNameOrNone, tags })).min(1),
  tags,
})

export const SnapshotUpdate = z.strictObject({
  ...SnapshotUpdateDesc.shape,
  rename: VolumeNameOrNone,
  tags,
  limitType,
})

export const Rebase = z.strictObject({ parentName: SnapshotRef.optional() }).default({})

export const VolumeFreeze = z
  .strictObject({ targetDeleteDate: Seconds.optional(), deleteAfter: Seconds.optional() })
  .default({})

export const DiskId = z
  .union([
    z.int(),
    z
      .string()
      .regex(/^[0-9]+$/)
      .transform(Number),
  ])
  .pipe(z.int().min(0).max(4095))

export const AbandonDisk = z.strictObject({ diskId: DiskId })

const policy = {
  placeAll: VolumeCreateDesc.shape.placeAll,
  placeTail: VolumeCreateDesc.shape.placeTail,
  placeHead: VolumeCreateDesc.shape.placeHead,
  replication: VolumeCreateDesc.shape.replication,
  bw: VolumeCreateDesc.shape.bw,
  iops: VolumeCreateDesc.shape.iops,
  reuseServer: VolumeCreateDesc.shape.reuseServer,
  limitType,
  tags,
}
const template = {
  ...policy,
  parent: z.union([SnapshotName, z.literal('')]).optional(),
  size: VolumeCreateDesc.shape.size,
}

export const VolumeTemplateCreate = z.strictObject({ ...template, name: TemplateName })
export const VolumeTemplateUpdate = z.strictObject({
  ...template,
  rename: TemplateName.optional(),
  propagate: z.boolean().optional(),
})

export const PlacementGroupUpdate = z.strictObject({
  rename: PlacementGroupName.optional(),
  addDisks: z.array(DiskId).optional(),
  rmDisks: z.array(DiskId).optional(),
})
export const DiskDescription = z.strictObject({
  description: z.string().regex(/^[A-Za-z0-9_\- ]{0,30}$/),
})
