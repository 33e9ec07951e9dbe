import * as z from 'zod'

const Limit = z.coerce.number().int().min(-1).default(-1)

/** Block Storage's own settings, under Cinder's names for them. */
export const BlockStorageSettings = z
  .object({
    STORAGE_AVAILABILITY_ZONE: z.string().max(255).default('nova'),
    DEFAULT_VOLUME_TYPE: z.string().max(255).default('__DEFAULT__'),
    /** `host@backend` that volumes are said to be on: clients see it and hand it back. */
    VOLUME_HOST: z
      .string()
      .max(200)
      .regex(/^[^@#]+@[^@#]+$/, 'must be like host@backend')
      .default('cinderless@default'),
    QUOTA_VOLUMES: Limit,
    QUOTA_SNAPSHOTS: Limit,
    QUOTA_GIGABYTES: Limit,
    QUOTA_PER_VOLUME_GIGABYTES: Limit,
  })
  .transform((given) => ({
    zone: given.STORAGE_AVAILABILITY_ZONE,
    defaultType: given.DEFAULT_VOLUME_TYPE,
    service: given.VOLUME_HOST,
    perVolumeGigabytes: given.QUOTA_PER_VOLUME_GIGABYTES,
    limits: {
      volumes: given.QUOTA_VOLUMES,
      snapshots: given.QUOTA_SNAPSHOTS,
      gigabytes: given.QUOTA_GIGABYTES,
    },
  }))
