import type { BlockStorage } from './block-storage.ts'
import type { Amounts, QuotaUse } from './quotas.ts'
import { allTypes } from './types.ts'

/** What every project has limits of, and how much of one volume. */
const plain = [
  'volumes',
  'snapshots',
  'gigabytes',
  'backups',
  'backup_gigabytes',
  'per_volume_gigabytes',
  'groups',
] as const
/** What types are counted by, too. */
const byType = ['volumes', 'snapshots', 'gigabytes'] as const

/**
 * Names of resources as they are spoken of, and as they are kept: `volumes_fast` is `volumes:<id of fast>`, so that a
 * type keeps what it counts when it is called something else.
 */
export async function resourceNames(storage: BlockStorage): Promise<ReadonlyMap<string, string>> {
  const types = await allTypes(storage)
  return new Map([
    ...plain.map((name) => [name, name] as const),
    ...types.flatMap(({ id, name }) => byType.map((kind) => [`${kind}_${name}`, `${kind}:${id}`] as const)),
  ])
}

const defaultOf = ({ settings }: BlockStorage, resource: string): number =>
  resource === 'per_volume_gigabytes' ? settings.perVolumeGigabytes : (settings.limits[resource] ?? -1)

/** Each resource's limit under the name it is spoken of. */
export async function defaultLimits(storage: BlockStorage): Promise<Record<string, number>> {
  const names = await resourceNames(storage)
  return Object.fromEntries([...names].map(([name, resource]) => [name, defaultOf(storage, resource)]))
}

/** A project's limits by name, and what it uses by resource. */
export async function quotaLimits(
  storage: BlockStorage,
  project: string,
): Promise<{ readonly limits: Record<string, number>; readonly used: Amounts }> {
  const [names, use] = await Promise.all([resourceNames(storage), storage.quotas.read(project)])
  const limits = [...names].map(
    ([name, resource]) => [name, use.limits[resource] ?? defaultOf(storage, resource)] as const,
  )
  return { limits: Object.fromEntries(limits), used: use.used }
}

/** How much of a resource is reserved by work that has not ended. */
const reservedOf = ({ reservations }: QuotaUse, resource: string): number =>
  Object.values(reservations).reduce((sum, { amounts }) => sum + (amounts[resource] ?? 0), 0)

/** Limits, and beside each what is in use and what is reserved. */
export async function quotaUsage(
  storage: BlockStorage,
  project: string,
): Promise<Record<string, { readonly limit: number; readonly in_use: number; readonly reserved: number }>> {
  const [names, use] = await Promise.all([resourceNames(storage), storage.quotas.read(project)])
  return Object.fromEntries(
    [...names].map(([name, resource]) => {
      const reserved = reservedOf(use, resource)
      const limit = use.limits[resource] ?? defaultOf(storage, resource)
      return [name, { limit, in_use: (use.used[resource] ?? 0) - reserved, reserved }]
    }),
  )
}
