import * as z from 'zod'
import { GlobalId, TagValue, TemplateName } from '../storpool/schema/values.ts'

/**
 * What callers hand in, in Cinder's names and units. Objects are strict: a key that nobody reads is refused.
 *
 * @see cinder/objects/volume.py, cinder/objects/snapshot.py
 */

/** A Cinder id, usually a UUID: names on the cluster are made from it, in StorPool's alphabet. */
export const CinderId = z
  .string()
  .min(1)
  .max(100)
  .regex(/^[A-Za-z0-9_\-.:]+$/, 'must be letters, digits and _ - . : only')

/** GiB. The upper bound keeps bytes an exact number. */
export const SizeGiB = z
  .int('must be a whole number of GiB')
  .min(1, 'must be at least 1 GiB')
  .max(8_388_607, 'must be at most 8388607 GiB')

/** A limit as a volume type writes it: a number, or `-` for none. */
const LimitText = z.string().regex(/^(0|[1-9][0-9]{0,11}|-)$/, 'must be a whole number, or - for no limit')

/**
 * A volume type's key-value pairs. These are read; others are Cinder's scheduler's and are let through.
 *
 * @see storpool/storpool-openstack-integration: the class of service goes into the tag `qc`
 */
export const ExtraSpecs = z
  .object({
    storpool_template: TemplateName.optional(),
    /** Requests per second. */
    iops: LimitText.optional(),
    /** KB per second. */
    bw: LimitText.optional(),
    /** The tier that the cluster's QoS service turns into limits. */
    qc: TagValue.optional(),
    multiattach: z.string().max(255).optional(),
    replication_enabled: z.string().max(255).optional(),
  })
  .catchall(z.string().max(255))

export const VolumeType = z.strictObject({
  id: CinderId.optional(),
  name: z.string().max(255).optional(),
  extra_specs: ExtraSpecs.default({}),
})
export type VolumeType = z.infer<typeof VolumeType>

/** `host@backend#pool`, as Cinder's scheduler writes it. With one cluster configured there is nothing to pick. */
export const BackendHost = z.string().max(255).nullish()

const place = {
  host: BackendHost,
  /** The global id that a create answered. It wins over the name that is made from the id. */
  provider_location: GlobalId.nullish(),
  project_id: TagValue.max(64).nullish(),
  /** Set where the data is encrypted by the host. */
  encryption_key_id: CinderId.nullish(),
}

/** A volume that is there already: enough to find it. */
export const KnownVolume = z.strictObject({
  id: CinderId,
  /** After a migration: the id that the object on the cluster is named after. */
  _name_id: CinderId.nullish(),
  size: SizeGiB.optional(),
  volume_type: VolumeType.nullish(),
  ...place,
})
export type KnownVolume = z.infer<typeof KnownVolume>

/** A volume that is to be made. */
export const Volume = KnownVolume.extend({ size: SizeGiB })
export type Volume = z.infer<typeof Volume>

/** A snapshot that is there already. */
export const KnownSnapshot = z.strictObject({
  id: CinderId,
  volume_id: CinderId.optional(),
  /** GiB: the size of the volume when the snapshot was taken. */
  volume_size: SizeGiB.optional(),
  ...place,
})
export type KnownSnapshot = z.infer<typeof KnownSnapshot>

/** A snapshot that is to be made; `volume` is the volume's own record, where the caller has it. */
export const Snapshot = KnownSnapshot.extend({ volume_id: CinderId, volume: KnownVolume.optional() }).refine(
  ({ volume, volume_id }) => volume === undefined || volume.id === volume_id,
  'volume.id and volume_id must be the same volume',
)
export type Snapshot = z.infer<typeof Snapshot>

export const AccessMode = z.enum(['rw', 'ro'])
export type AccessMode = z.infer<typeof AccessMode>

/** What a host says of itself. os-brick adds keys of many transports: they are let through and not read. */
export const Connector = z.looseObject({
  host: z.string().min(1).max(255),
  /** Block Storage's attachments carry the wanted mode here. */
  mode: AccessMode.nullish(),
})
export type Connector = z.infer<typeof Connector>

/** What a create answers: the fields of Cinder's record to change. */
export interface ModelUpdate {
  /** StorPool's global id, without the tilde. */
  readonly provider_location: string
}

/**
 * How a host reaches the volume: what os-brick's StorPool connector reads (`client_id`, `volume`,
 * `access_mode`), and what it takes to find and end exactly this attachment.
 *
 * @see os-brick, os_brick/initiator/connectors/storpool.py connect_volume
 */
export interface ConnectionInfo {
  readonly driver_volume_type: 'storpool'
  readonly data: {
    readonly client_id: number
    /** Cinder's id: os-brick makes the StorPool name from it. */
    readonly volume: string
    readonly access_mode: AccessMode
    readonly globalId: string
    readonly attachmentId: string
    readonly generation: number
  }
}
