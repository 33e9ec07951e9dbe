import * as z from 'zod'
import type { VolumeSummary } from '../storpool/schema/answers.ts'
import { toGiB } from '../units.ts'
import { BackendHost, CinderId } from './model.ts'

export const page = {
  host: BackendHost,
  /** A `source-name`: what comes after it. */
  marker: z.string().max(200).nullish(),
  limit: z.int().min(1).max(10_000).default(1000),
  offset: z.int().nonnegative().default(0),
  sort_keys: z.array(z.enum(['reference', 'size'])).default(['reference']),
  sort_dirs: z.array(z.enum(['asc', 'desc'])).default(['asc']),
}

export const Known = z.looseObject({ id: CinderId })

/** @see cinder/volume/driver.py get_manageable_volumes: the keys of an entry */
export interface Manageable {
  readonly reference: { readonly 'source-name': string; readonly 'source-id': string }
  /** The volume a snapshot is the nearest point in time of; only for snapshots. */
  readonly source_reference?: { readonly 'source-name': string }
  /** GiB. */
  readonly size: number
  readonly safe_to_manage: boolean
  readonly reason_not_safe: string | null
  readonly cinder_id: string | null
  readonly extra_info: { readonly template: string } | null
}

type Summary = Pick<VolumeSummary, 'name' | 'globalId' | 'size' | 'tags' | 'templateName'>

export const manageable = (there: Summary, known: string | undefined, held: boolean): Manageable => {
  const owner = known ?? there.tags?.['cl-id']
  const reason =
    known !== undefined
      ? 'already managed'
      : owner
        ? `managed as ${owner}`
        : held
          ? 'attached'
          : there.name.startsWith('#')
            ? 'a system volume'
            : null
  return {
    reference: { 'source-name': there.name, 'source-id': there.globalId },
    size: toGiB(there.size),
    safe_to_manage: reason === null,
    reason_not_safe: reason,
    cinder_id: owner ?? null,
    extra_info: there.templateName ? { template: there.templateName } : null,
  }
}

interface Paging {
  readonly marker?: string | null | undefined
  readonly limit: number
  readonly offset: number
  readonly sort_keys: readonly ('reference' | 'size')[]
  readonly sort_dirs: readonly ('asc' | 'desc')[]
}

export const paged = <Entry extends Manageable>(entries: readonly Entry[], paging: Paging): Entry[] => {
  const { marker, limit, offset, sort_keys, sort_dirs } = paging
  const value = ({ reference, size }: Entry, key: 'reference' | 'size') =>
    key === 'size' ? size : reference['source-name']
  const sorted = entries.toSorted((one, other) => {
    for (const [n, key] of sort_keys.entries()) {
      const [a, b] = [value(one, key), value(other, key)]
      if (a !== b) return (a < b ? -1 : 1) * (sort_dirs[n] === 'desc' ? -1 : 1)
    }
    return 0
  })
  const after = marker ? sorted.findIndex(({ reference }) => reference['source-name'] === marker) + 1 : 0
  return sorted.slice(after + offset, after + offset + limit)
}
