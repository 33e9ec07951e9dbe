import * as z from 'zod'

const limit = z.int().describe('-1 is no limit')
const used = z.int()

const Limits = z.record(z.string(), z.int()).describe('By resource, and by resource and type: -1 is no limit')
const Use = z.strictObject({ limit: z.int(), in_use: z.int(), reserved: z.int() })

/** Names of resources are open, as each type adds some; the compiler has no words for that beside an id. */
const QuotaSet: z.ZodType<{ id: string }> = z
  .object({ id: z.string().describe("The project's id, or the class's name") })
  .catchall(z.union([limit, Use.describe('With usage=true')]))
  .meta({ id: 'QuotaSet' })

export const quotaAnswers = {
  'GET limits': z.strictObject({
    limits: z.strictObject({
      rate: z.array(z.never()).describe('Always empty'),
      absolute: z.strictObject({
        maxTotalVolumes: limit,
        maxTotalVolumeGigabytes: limit,
        maxTotalSnapshots: limit,
        maxTotalBackups: limit,
        maxTotalBackupGigabytes: limit,
        totalVolumesUsed: used,
        totalGigabytesUsed: used.describe('GiB of volumes and of snapshots'),
        totalSnapshotsUsed: used,
        totalBackupsUsed: used,
        totalBackupGigabytesUsed: used,
      }),
    }),
  }),
  'GET os-quota-sets/{project}': z.strictObject({ quota_set: QuotaSet }),
  'GET os-quota-sets/{project}/defaults': z.strictObject({ quota_set: QuotaSet }),
  'PUT os-quota-sets/{project}': z.strictObject({ quota_set: Limits }),
  'DELETE os-quota-sets/{project}': undefined,
  'GET os-quota-class-sets/{name}': z.strictObject({ quota_class_set: QuotaSet }),
}
