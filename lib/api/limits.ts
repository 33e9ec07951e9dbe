import { quotaLimits } from '../volumes/quota-sets.ts'
import { type Route, route } from './route.ts'

/** Backups are not counted: what they take is a repository's, and not the cluster's. */
const limits = route({
  method: 'GET',
  path: 'limits',
  summary: 'How much there may be of everything, and how much there is',
  rule: 'limits:get',
  async run({ storage, caller, query }) {
    const project = caller.role === 'admin' ? (query.project_id ?? caller.project) : caller.project
    const { limits: all, used } = await quotaLimits(storage, project)
    const of = (resource: string) => all[resource] ?? -1
    return {
      limits: {
        rate: [],
        absolute: {
          maxTotalVolumes: of('volumes'),
          maxTotalVolumeGigabytes: of('gigabytes'),
          maxTotalSnapshots: of('snapshots'),
          maxTotalBackups: of('backups'),
          maxTotalBackupGigabytes: of('backup_gigabytes'),
          totalVolumesUsed: used.volumes ?? 0,
          totalGigabytesUsed: used.gigabytes ?? 0,
          totalSnapshotsUsed: used.snapshots ?? 0,
          totalBackupsUsed: used.backups ?? 0,
          totalBackupGigabytesUsed: used.backup_gigabytes ?? 0,
        },
      },
    }
  },
})

export const limitRoutes: readonly Route[] = [limits]
