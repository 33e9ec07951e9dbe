import * as z from 'zod'

/** A sum of bytes. It may be more than the 8 PiB up to which numbers here count by ones. */
const Bytes = z.number()

const estimate = z.looseObject({ capacity: Bytes, free: Bytes })
export const TemplateStatus = z.looseObject({
  name: z.string(),
  placeAll: z.string(),
  placeTail: z.string(),
  placeHead: z.string(),
  replication: z.union([z.int(), z.literal('-')]),
  volumesCount: z.int(),
  snapshotsCount: z.int(),
  /** Bytes provisioned by volumes. */
  size: Bytes,
  storedSize: Bytes,
  onDiskSize: Bytes.optional(),
  /** Bytes a client can write, copies already accounted for. */
  stored: estimate,
})
export type TemplateStatus = z.infer<typeof TemplateStatus>

export const Template = z.looseObject({
  name: z.string(),
  placeAll: z.string().optional(),
  placeTail: z.string().optional(),
  placeHead: z.string().optional(),
  size: z.union([z.int(), z.literal('-')]).optional(),
  replication: z.union([z.int(), z.literal('-')]).optional(),
})
export type Template = z.infer<typeof Template>

/** The other clusters of the location, and where they are. */
export const Clusters = z.looseObject({ clusters: z.array(z.looseObject({ name: z.string() })) })
export type Clusters = z.infer<typeof Clusters>

const service = z.looseObject({ id: z.int(), status: z.string() })
export const Services = z.looseObject({
  clusterStatus: z.string(),
  clients: z.record(z.string(), service).default({}),
  servers: z.record(z.string(), service).default({}),
  mgmt: z
    .record(z.string(), z.looseObject({ id: z.int(), status: z.string(), active: z.boolean().optional() }))
    .default({}),
})
export type Services = z.infer<typeof Services>

export const ClientConfigStatus = z.looseObject({
  id: z.int(),
  /** The cluster's, and the client's own: the same when it is up to date. */
  generation: z.int(),
  clientGeneration: z.int(),
  configStatus: z.enum(['ok', 'updating', 'down']),
  delay: z.int().optional(),
})
export type ClientConfigStatus = z.infer<typeof ClientConfigStatus>

/** A disk; what is optional is there when it is up. */
export const Disk = z.looseObject({
  id: z.int(),
  serverId: z.int(),
  ssd: z.boolean(),
  /** -1 when the disk is up, else the generation at which it left. */
  generationLeft: z.int(),
  model: z.string().optional(),
  serial: z.string().optional(),
  description: z.string().optional(),
  softEject: z.enum(['on', 'off', 'paused']),
  /** Of 512 bytes each. */
  sectorsCount: z.int().optional(),
  objectsAllocated: z.int().optional(),
  objectsCount: z.int().optional(),
  /** Bytes. */
  objectsOnDiskSize: z.int().optional(),
  /** Allocation groups of 512 MiB; internal to StorPool. */
  agCount: z.int().optional(),
  agFree: z.int().optional(),
  agAllocated: z.int().optional(),
})
export type Disk = z.infer<typeof Disk>
