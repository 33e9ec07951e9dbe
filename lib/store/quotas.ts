import * as z from 'zod'
import type { Amounts, Quotas, QuotaUse } from '../volumes/quotas.ts'
import { ifHolds, isWritten } from './condition.ts'
import { itemsOf } from './query.ts'
import { putItem, readItem, type Table, updateItem } from './table.ts'

const key = (project: string) => ({ pk: `QUOTA#${project}` })

/** That a project has a quota at all: written with the first thing counted, so that all of them can be listed without an index of what they use. */
const listed = (project: string) => ({
  pk: `PROJECT#${project}`,
  project,
  gsi3pk: 'PROJECT#0',
  gsi3sk: project,
})
const Listed = z.object({ project: z.string() })

/** Counts changes, so that what was counted anew is written only where nothing was counted meanwhile. */
const CHANGES = 'changes'

const Reservation = z.object({ since: z.string(), amounts: z.record(z.string(), z.number()) })

/** Fields of the item: `limit:…`, `used:…` and `reserved:…`, flat, so that each can be changed by itself. */
const [LIMIT, USED, RESERVED] = ['limit:', 'used:', 'reserved:'] as const

const fieldsOf = <T>(item: Readonly<Record<string, unknown>>, beginning: string, schema: z.ZodType<T>) =>
  Object.fromEntries(
    Object.entries(item)
      .filter(([name]) => name.startsWith(beginning))
      .map(([name, value]) => [name.slice(beginning.length), schema.parse(value)]),
  )

/** Parts of an update expression, and what their placeholders stand for. */
const expression = () => {
  const names: Record<string, string> = {}
  const values: Record<string, unknown> = {}
  return {
    names,
    values,
    name: (field: string) => {
      const placeholder = `#n${Object.keys(names).length}`
      names[placeholder] = field
      return placeholder
    },
    value: (value: unknown) => {
      const placeholder = `:v${Object.keys(values).length}`
      values[placeholder] = value
      return placeholder
    },
  }
}

type Expression = ReturnType<typeof expression>

/** Times that a write is tried where somebody else's came in between. */
const TRIES = 25

/** @param defaults limits of projects that have none of their own; what has neither has none. */
export const quotas = (table: Table, defaults: Amounts, now: () => string): Quotas => {
  const read = async (project: string): Promise<QuotaUse> => {
    const found = (await readItem(table, key(project))) ?? {}
    return {
      changes: z.number().default(0).parse(found[CHANGES]),
      limits: fieldsOf(found, LIMIT, z.number()),
      used: fieldsOf(found, USED, z.number()),
      reservations: fieldsOf(found, RESERVED, Reservation),
    }
  }

  /** @returns what the fields were that it changed. */
  const update = (project: string, text: string, { names, values }: Expression, condition?: string) =>
    updateItem(table, key(project), { update: text, condition, names, values, returns: 'UPDATED_OLD' })

  const list = (project: string) => putItem(table, listed(project))

  /** A change of what is used. */
  const count = async (...change: Parameters<typeof update>) => {
    const before = await update(...change)
    if (before[CHANGES] === undefined) await list(change[0])
  }

  const changed = (parts: Expression) => `${parts.name(CHANGES)} ${parts.value(1)}`

  /** One write that adds to what is used; it holds only while the limits it was reckoned with do. */
  const add = async (project: string, id: string, amounts: Amounts, limits: Amounts): Promise<boolean> => {
    const parts = expression()
    const reservation = parts.name(`${RESERVED}${id}`)
    const conditions = [`attribute_not_exists(${reservation})`]
    const added = Object.entries(amounts).map(([resource, amount]) => {
      const used = parts.name(`${USED}${resource}`)
      const most = limits[resource] ?? defaults[resource] ?? -1
      const limit = parts.name(`${LIMIT}${resource}`)
      conditions.push(
        limits[resource] === undefined ? `attribute_not_exists(${limit})` : `${limit} = ${parts.value(most)}`,
      )
      if (most >= 0) {
        const room = `${used} <= ${parts.value(most - amount)}`
        conditions.push(amount <= most ? `(attribute_not_exists(${used}) OR ${room})` : room)
      }
      return `${used} ${parts.value(amount)}`
    })
    const set = `${reservation} = ${parts.value({ since: now(), amounts })}`
    const text = `SET ${set} ADD ${[...added, changed(parts)].join(', ')}`
    return isWritten(count(project, text, parts, conditions.join(' AND ')))
  }

  /** Strike out a reservation. @param sign what becomes of its amounts: 0 in use, -1 given back. */
  const strike = async (project: string, id: string, back: boolean): Promise<void> => {
    const amounts = back ? (await read(project)).reservations[id]?.amounts : {}
    if (amounts === undefined) return
    const parts = expression()
    const reservation = parts.name(`${RESERVED}${id}`)
    const returned = Object.entries(amounts).map(
      ([resource, amount]) => `${parts.name(`${USED}${resource}`)} ${parts.value(-amount)}`,
    )
    const adding = [...returned, changed(parts)].join(', ')
    await ifHolds(
      count(project, `REMOVE ${reservation} ADD ${adding}`, parts, `attribute_exists(${reservation})`),
    )
  }

  return {
    read,

    async reserve(project, id, amounts) {
      // Mostly a project has the default limits or those it had a moment ago: one write, and a reading where it fails.
      let limits: Amounts = {}
      for (let tries = 0; tries < TRIES; tries++) {
        if (await add(project, id, amounts, limits)) return undefined
        const there = await read(project)
        if (there.reservations[id] !== undefined) {
          // Counted by a try whose answer was lost.
          if (there.changes === 1) await list(project)
          return undefined
        }
        limits = there.limits
        for (const [resource, amount] of Object.entries(amounts)) {
          const limit = limits[resource] ?? defaults[resource] ?? -1
          const used = there.used[resource] ?? 0
          if (limit >= 0 && used + amount > limit) return { resource, limit, used }
        }
      }
      throw new Error(`the quota of ${project} changes too fast`)
    },

    commit: (project, id) => strike(project, id, false),
    rollback: (project, id) => strike(project, id, true),

    async release(project, amounts) {
      const parts = expression()
      const returned = Object.entries(amounts).map(
        ([resource, amount]) => `${parts.name(`${USED}${resource}`)} ${parts.value(-amount)}`,
      )
      await count(project, `ADD ${[...returned, changed(parts)].join(', ')}`, parts)
    },

    async limit(project, limits) {
      const parts = expression()
      const entries = Object.entries(limits)
      const set = entries
        .filter(([, limit]) => limit !== null)
        .map(([resource, limit]) => `${parts.name(`${LIMIT}${resource}`)} = ${parts.value(limit)}`)
      const gone = entries
        .filter(([, limit]) => limit === null)
        .map(([resource]) => parts.name(`${LIMIT}${resource}`))
      const change = [
        ...(set.length > 0 ? [`SET ${set.join(', ')}`] : []),
        ...(gone.length > 0 ? [`REMOVE ${gone.join(', ')}`] : []),
      ]
      if (change.length > 0) await update(project, change.join(' '), parts)
    },

    async recount(project, seen, used) {
      const parts = expression()
      const resources = [...new Set([...Object.keys(seen.used), ...Object.keys(used)])]
      if (resources.length === 0) return true
      const set = resources.map(
        (resource) => `${parts.name(`${USED}${resource}`)} = ${parts.value(used[resource] ?? 0)}`,
      )
      const changes = parts.name(CHANGES)
      const unchanged =
        seen.changes === 0 ? `attribute_not_exists(${changes})` : `${changes} = ${parts.value(seen.changes)}`
      return isWritten(
        count(project, `SET ${set.join(', ')} ADD ${changes} ${parts.value(1)}`, parts, unchanged),
      )
    },

    async projects() {
      const found = await itemsOf(table, Listed, { index: 'gsi3', group: 'PROJECT#0', oldestFirst: true })
      return found.map(({ project }) => project)
    },
  }
}
