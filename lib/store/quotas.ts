import { GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import * as z from 'zod'
import type { Amounts, Quotas, QuotaUse } from '../volumes/quotas.ts'
import { ifHolds, type Table } from './table.ts'

const key = (project: string) => ({ pk: `QUOTA#${project}` })

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
    used: () => ({
      ...(Object.keys(names).length > 0 && { ExpressionAttributeNames: names }),
      ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
    }),
  }
}

/** Times that a write is tried where somebody else's came in between. */
const TRIES = 25

/** @param defaults limits of projects that have none of their own; what has neither has none. */
export const quotas = (table: Table, defaults: Amounts, now: () => string): Quotas => {
  const read = async (project: string): Promise<QuotaUse> => {
    const { Item = {} } = await table.client.send(
      new GetCommand({ TableName: table.name, Key: key(project), ConsistentRead: true }),
    )
    return {
      limits: fieldsOf(Item, LIMIT, z.number()),
      used: fieldsOf(Item, USED, z.number()),
      reservations: fieldsOf(Item, RESERVED, Reservation),
    }
  }

  const update = (
    project: string,
    UpdateExpression: string,
    parts: ReturnType<typeof expression>,
    condition?: string,
  ) =>
    table.client.send(
      new UpdateCommand({
        TableName: table.name,
        Key: key(project),
        UpdateExpression,
        ...(condition && { ConditionExpression: condition }),
        ...parts.used(),
      }),
    )

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
    const written = await ifHolds(
      update(project, `SET ${set} ADD ${added.join(', ')}`, parts, conditions.join(' AND ')),
    )
    return written !== undefined
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
    const adding = returned.length > 0 ? ` ADD ${returned.join(', ')}` : ''
    await ifHolds(
      update(project, `REMOVE ${reservation}${adding}`, parts, `attribute_exists(${reservation})`),
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
        if (there.reservations[id] !== undefined) return undefined
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
      await update(project, `ADD ${returned.join(', ')}`, parts)
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
      const conditions: string[] = []
      const set = resources.map((resource) => {
        const name = parts.name(`${USED}${resource}`)
        const was = seen.used[resource]
        conditions.push(was === undefined ? `attribute_not_exists(${name})` : `${name} = ${parts.value(was)}`)
        return `${name} = ${parts.value(used[resource] ?? 0)}`
      })
      if (set.length === 0) return true
      const written = await ifHolds(update(project, `SET ${set.join(', ')}`, parts, conditions.join(' AND ')))
      return written !== undefined
    },
  }
}
