import * as z from 'zod'
import type { Rule } from '../auth/policy.ts'
import { ApiError, badRequest } from '../volumes/refusal.ts'
import { Metadata } from './fields.ts'
import { type Call, type Route, route } from './route.ts'

type Pairs = Readonly<Record<string, string>>

/** Where pairs are kept: of a volume or of a snapshot. */
interface Kept {
  read(call: Pick<Call, 'storage' | 'caller' | 'path'>): Promise<Pairs>
  write(
    call: Pick<Call, 'storage' | 'caller' | 'path'>,
    next: (now: Pairs) => Record<string, string>,
  ): Promise<Pairs>
}

const AllBody = z.looseObject({ metadata: Metadata })
const OneBody = z.looseObject({ meta: Metadata })

const noKey = (what: string, id: string, key: string) =>
  new ApiError(404, `${what} ${id} has no metadata with key ${key}.`)

/** The calls on pairs of keys and values, the same for volumes and snapshots. */
export const metadataRoutes = (
  kind: 'volumes' | 'snapshots',
  rules: 'volume' | 'snapshot',
  kept: Kept,
): Route[] => {
  const path = `${kind}/{id}/metadata` as const
  const [get, update]: [Rule, Rule] = [`${rules}:get`, `${rules}:update`]
  const what = rules === 'volume' ? 'Volume' : 'Snapshot'
  return [
    route({
      method: 'GET',
      path,
      summary: `Show the metadata of a ${rules}`,
      rule: get,
      run: async (call) => ({ metadata: await kept.read(call) }),
    }),
    route({
      method: 'POST',
      path,
      summary: `Add to the metadata of a ${rules}`,
      rule: update,
      body: AllBody,
      run: async (call) => ({
        metadata: await kept.write(call, (now) => ({ ...now, ...call.body.metadata })),
      }),
    }),
    route({
      method: 'PUT',
      path,
      summary: `Replace the metadata of a ${rules}`,
      rule: update,
      body: AllBody,
      run: async (call) => ({ metadata: await kept.write(call, () => call.body.metadata) }),
    }),
    route({
      method: 'GET',
      path: `${path}/{key}`,
      summary: `Show one key of the metadata of a ${rules}`,
      rule: get,
      async run(call) {
        const { id = '', key = '' } = call.path
        const value = new Map(Object.entries(await kept.read(call))).get(key)
        if (value === undefined) throw noKey(what, id, key)
        return { meta: { [key]: value } }
      },
    }),
    route({
      method: 'PUT',
      path: `${path}/{key}`,
      summary: `Set one key of the metadata of a ${rules}`,
      rule: update,
      body: OneBody,
      async run(call) {
        const { key = '' } = call.path
        const { meta } = call.body
        if (!Object.hasOwn(meta, key)) throw badRequest('Request body and URI mismatch')
        if (Object.keys(meta).length > 1) throw badRequest('Request body contains too many items')
        await kept.write(call, (now) => ({ ...now, ...meta }))
        return { meta }
      },
    }),
    route({
      method: 'DELETE',
      path: `${path}/{key}`,
      summary: `Delete one key of the metadata of a ${rules}`,
      rule: update,
      async run(call) {
        const { id = '', key = '' } = call.path
        await kept.write(call, (now) => {
          if (!Object.hasOwn(now, key)) throw noKey(what, id, key)
          return Object.fromEntries(Object.entries(now).filter(([name]) => name !== key))
        })
        return undefined
      },
    }),
  ]
}
