import { ApiError } from './refusal.ts'

/** What is counted: Cinder's names, and those of one type as `volumes:<type id>`. */
export type Amounts = Readonly<Record<string, number>>

/** A project's limits, where they are not the default ones, and what counts against them. */
export interface QuotaUse {
  /** How often anything was counted. */
  readonly changes: number
  readonly limits: Amounts
  /** In use and reserved, as one number each. */
  readonly used: Amounts
  /** What is reserved and not yet in use, by the id of the work it is for. */
  readonly reservations: Readonly<Record<string, { readonly since: string; readonly amounts: Amounts }>>
}

export interface OverQuota {
  readonly resource: string
  readonly limit: number
  readonly used: number
}

/** One item per project; each change is one conditional write. */
export interface Quotas {
  read(project: string): Promise<QuotaUse>
  /**
   * Count amounts at once, on the condition that every limit holds. Asked for again under its id it changes nothing.
   *
   * @returns the first limit that would be passed; undefined where none would, and it is reserved.
   */
  reserve(project: string, id: string, amounts: Amounts): Promise<OverQuota | undefined>
  /** What was reserved is in use now. */
  commit(project: string, id: string): Promise<void>
  /** What was reserved is not needed. */
  rollback(project: string, id: string): Promise<void>
  /** What was in use is not any more. */
  release(project: string, amounts: Amounts): Promise<void>
  /** @param limits null for one takes it back to the default. */
  limit(project: string, limits: Readonly<Record<string, number | null>>): Promise<void>
  /** Count anew, on the condition that nothing was counted since `seen` was read. @returns false: something was. */
  recount(project: string, seen: QuotaUse, used: Amounts): Promise<boolean>
  /** Every project of which something was ever counted, but for what was cut off in the middle of the first. */
  projects(): Promise<string[]>
}

/** What a volume counts. @param size GiB */
export const volumeAmounts = (size: number, typeId: string): Amounts => ({
  volumes: 1,
  [`volumes:${typeId}`]: 1,
  ...sizeAmounts(size, typeId),
})

export const snapshotAmounts = (size: number, typeId: string): Amounts => ({
  snapshots: 1,
  [`snapshots:${typeId}`]: 1,
  ...sizeAmounts(size, typeId),
})

export const sizeAmounts = (size: number, typeId: string): Amounts => ({
  gigabytes: size,
  [`gigabytes:${typeId}`]: size,
})

/** A refusal as clients recognise it: 413, with a message that begins with the exception's name in Cinder. */
export const overQuota = (asked: Amounts, over: OverQuota): ApiError => {
  const { resource, limit, used } = over
  const [kind = ''] = resource.split(':')
  if (kind === 'gigabytes') {
    return new ApiError(
      413,
      `VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed ${resource.replace(':', '_')} quota. Requested ${asked[resource]}G, quota is ${limit}G and ${used}G has been consumed.`,
    )
  }
  const [name, words] =
    kind === 'snapshots' ? ['SnapshotLimitExceeded', 'snapshots'] : ['VolumeLimitExceeded', 'volumes']
  return new ApiError(
    413,
    `${name}: Maximum number of ${words} allowed (${limit}) exceeded for quota '${resource.replace(':', '_')}'.`,
  )
}
