import type { AnyRecord, Records } from '../volumes/block-storage.ts'
import { badRequest, notFound } from '../volumes/refusal.ts'
import type { Link } from './answers/fields.ts'
import type { Call } from './route.ts'

/** The most that one page has: Cinder's osapi_max_limit. */
const MOST = 1000

type LinksName = `${'volumes' | 'snapshots' | 'attachments' | 'volume_type' | 'messages'}_links`

/** What a kind of record can be sorted and filtered by. */
export interface Listing<T extends AnyRecord> {
  /** `volumes`: the name in paths and answers, and of the list of links to more. */
  readonly name: string
  readonly links: LinksName
  /** What the kind is called where one is missed. */
  readonly what: string
  readonly sortKeys: Readonly<Record<string, (record: T) => string | number | boolean | null>>
  /** How each filter is matched; what is not here is unknown. */
  readonly filters: Readonly<Record<string, (record: T, value: string) => boolean>>
}

interface Page {
  readonly limit: number
  readonly marker: string | undefined
  readonly offset: number
}

const natural = (name: string, text: string): number => {
  if (!/^-?[0-9]{1,15}$/.test(text)) throw badRequest(`${name} param must be an integer`)
  const number = Number(text)
  if (number < 0) throw badRequest(`${name} param must be positive`)
  return number
}

export const pageOf = ({ query }: Pick<Call, 'query'>): Page => ({
  limit: Math.min(MOST, query.limit === undefined ? MOST : natural('limit', query.limit)),
  marker: query.marker,
  offset: query.offset === undefined ? 0 : natural('offset', query.offset),
})

type Sort = readonly { readonly key: string; readonly down: boolean }[]

const direction = (text: string): boolean => {
  if (text !== 'asc' && text !== 'desc') {
    throw badRequest(`Unknown sort direction ${text}, must be one of: asc, desc.`)
  }
  return text === 'desc'
}

/** @see cinder/api/common.py get_sort_params */
function sortOf<T extends AnyRecord>({ query }: Call, { sortKeys }: Listing<T>): Sort {
  const { sort, sort_key, sort_dir } = query
  if (sort !== undefined && (sort_key !== undefined || sort_dir !== undefined)) {
    throw badRequest(
      "The 'sort_key' and 'sort_dir' parameters are deprecated and cannot be used with the 'sort' parameter.",
    )
  }
  const pairs =
    sort !== undefined
      ? sort.split(',').map((part) => part.trim().split(':'))
      : (sort_key ?? 'created_at')
          .split(',')
          .map((key, n) => [key.trim(), (sort_dir ?? 'desc').split(',')[n] ?? 'desc'])
  return pairs.map(([key = '', dir = 'desc']) => {
    const known = key === 'display_name' ? 'name' : key
    if (!Object.hasOwn(sortKeys, known))
      throw badRequest(`Invalid input received: Sort key ${key} is invalid.`)
    return { key: known, down: direction(dir) }
  })
}

const reserved = ['limit', 'marker', 'offset', 'sort', 'sort_key', 'sort_dir', 'all_tenants', 'with_count']

type Filter<T> = (record: T) => boolean

const comparisons: Readonly<Record<string, (at: number, than: number) => boolean>> = {
  gt: (at, than) => at > than,
  gte: (at, than) => at >= than,
  lt: (at, than) => at < than,
  lte: (at, than) => at <= than,
  eq: (at, than) => at === than,
  neq: (at, than) => at !== than,
}

/** `gt:2026-01-01T00:00:00,lt:…`: from 3.60. */
function timeFilter<T extends AnyRecord>(
  key: string,
  text: string,
  timeOf: (record: T) => string | null,
): Filter<T> {
  const parts = text.split(',').map((part) => {
    const [, name = 'eq', when = part] = /^([a-z]+):(.+)$/.exec(part.trim()) ?? []
    const compare = comparisons[name]
    const than = Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(when) ? when : `${when}Z`)
    if (compare === undefined || Number.isNaN(than)) {
      throw badRequest(`Filters by ${key} must be like gt:2026-01-31T12:00:00, not ${text.slice(0, 100)}.`)
    }
    return (record: T) => compare(Date.parse(timeOf(record) ?? ''), than)
  })
  return (record) => parts.every((part) => part(record))
}

/** @throws ApiError 400: from 3.31, a filter that nobody knows. */
function filtersOf<T extends AnyRecord & { readonly updatedAt: string | null }>(
  { query, version, caller }: Call,
  { filters, name: kind }: Listing<T>,
): Filter<T>[] {
  return Object.entries(query)
    .filter(([name]) => !reserved.includes(name))
    .flatMap(([name, value]): Filter<T>[] => {
      if (version >= 60 && name === 'created_at') return [timeFilter<T>(name, value, (one) => one.createdAt)]
      if (version >= 60 && name === 'updated_at') return [timeFilter<T>(name, value, (one) => one.updatedAt)]
      const contains = version >= 34 && name.endsWith('~') ? name.slice(0, -1) : undefined
      if (contains === 'name' || contains === 'description') {
        return [(record) => String(Reflect.get(record, contains) ?? '').includes(value)]
      }
      const key = name === 'display_name' ? 'name' : name
      const match = Object.hasOwn(filters, key) ? filters[key] : undefined
      if (match !== undefined) return [(record) => match(record, value)]
      if (version < 31 && caller.role !== 'admin') return []
      if (version < 31) return [() => true]
      throw badRequest(`Invalid filters ${name} are found in query options of ${kind}.`)
    })
}

const isPlain = ([first, ...others]: Sort): boolean => first?.key === 'created_at' && others.length === 0

const order = <T extends AnyRecord>(sort: Sort, { sortKeys }: Listing<T>) => {
  const keys = [...sort, { key: 'id', down: sort[0]?.down ?? true }]
  return (one: T, other: T): number => {
    for (const { key, down } of keys) {
      const of = key === 'id' ? (record: T) => record.id : sortKeys[key]
      const [a, b] = [of?.(one) ?? null, of?.(other) ?? null]
      if (a === b) continue
      const less = a === null || (b !== null && a < b)
      return less === down ? 1 : -1
    }
    return 0
  }
}

interface Listed<T> {
  readonly page: readonly T[]
  /** What stands beside the page in the answer. */
  readonly extra: { readonly count?: number } & { readonly [Name in LinksName]?: Link[] }
}

const isYes = (text = ''): boolean => /^(1|true|yes|on|t|y)$/i.test(text)
const wantsCount = ({ query, version }: Call): boolean => version >= 45 && isYes(query.with_count)

/** A page of what has been read already, filtered and sorted. @throws ApiError 400, 404: no such marker. */
export function listOf<T extends AnyRecord & { readonly updatedAt: string | null }>(
  call: Call,
  found: readonly T[],
  listing: Listing<T>,
): Listed<T> {
  const { limit, marker, offset } = pageOf(call)
  const filters = filtersOf(call, listing)
  const all = found
    .filter((record) => filters.every((filter) => filter(record)))
    .sort(order(sortOf(call, listing), listing))
  const from = marker === undefined ? 0 : all.findIndex(({ id }) => id === marker) + 1
  if (marker !== undefined && from === 0) throw notFound(listing.what, marker)
  return listed(call, listing, all.slice(from + offset, from + offset + limit), limit, all.length)
}

const listed = <T extends AnyRecord>(
  call: Call,
  { links }: Listing<T>,
  page: readonly T[],
  limit: number,
  count: number,
): Listed<T> => ({
  page,
  extra: {
    ...(page.length > 0 && page.length >= limit && { [links]: [next(call, page.at(-1))] }),
    ...(wantsCount(call) && { count }),
  },
})

/**
 * A page of records, as the query asks for it. By time of creation and without filters it is one short query, however
 * many there are; else those of the project are read, filtered and sorted here.
 *
 * @throws ApiError 400: what of the query cannot be. 404: no such marker.
 */
export async function listPage<T extends AnyRecord & { readonly updatedAt: string | null }>(
  call: Call,
  records: Pick<Records<T>, 'get' | 'page' | 'all' | 'named'>,
  listing: Listing<T>,
): Promise<Listed<T>> {
  const { query, caller } = call
  const everywhere = caller.role === 'admin' && isYes(query.all_tenants)
  const project = everywhere ? query.project_id : caller.project
  const sort = sortOf(call, listing)
  const isShort = filtersOf(call, listing).length === 0 && !wantsCount(call) && isPlain(sort)
  if (!isShort) {
    const found =
      query.name !== undefined && project !== undefined && Object.hasOwn(listing.filters, 'name')
        ? await records.named(project, query.name)
        : await records.all(project)
    return listOf(call, found, listing)
  }
  const { limit, marker, offset } = pageOf(call)
  const after = marker === undefined ? undefined : await records.get(marker)
  if (marker !== undefined && (after === undefined || (!everywhere && after.project !== caller.project))) {
    throw notFound(listing.what, marker)
  }
  const oldestFirst = sort[0]?.down === false
  const found = limit === 0 ? [] : await records.page({ project, limit: limit + offset, after, oldestFirst })
  return listed(call, listing, found.slice(offset), limit, 0)
}

const next = ({ base, query, address }: Call, last: AnyRecord | undefined): Link => {
  const { offset: _, ...rest } = query
  const search = new URLSearchParams({ ...rest, marker: last?.id ?? '' })
  return { rel: 'next', href: `${base}${address}?${search.toString()}` }
}
