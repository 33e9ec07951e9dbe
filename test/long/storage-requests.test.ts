import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as z from 'zod'
import { volumeActions } from '../../lib/api/actions/table.ts'
import { attachmentRoutes } from '../../lib/api/attachments.ts'
import type { Route } from '../../lib/api/route.ts'
import { serviceRoutes } from '../../lib/api/service.ts'
import { snapshotRoutes } from '../../lib/api/snapshots.ts'
import { typeRoutes } from '../../lib/api/types.ts'
import { actionRoutes } from '../../lib/api/volume-action.ts'
import { volumeRoutes } from '../../lib/api/volumes.ts'
import { mayAct, type Role, roles } from '../../lib/auth/caller.ts'
import { policy } from '../../lib/auth/policy.ts'
import type { VolumeRecord, VolumeStatus } from '../../lib/volumes/record.ts'
import { VolumeStatus as Statuses } from '../../lib/volumes/record.ts'
import {
  type Answered,
  type BlockStorageSystem,
  project,
  startBlockStorage,
} from '../support/block-storage.ts'
import { type JsonSchema, valid } from './hostile/from-schema.ts'
import { listen } from './hostile/output.ts'
import { spoiled } from './hostile/spoil.ts'
import { nobody, pathTo, someThings, type Things, takesAway } from './hostile/things.ts'
import { report, requests, seed } from './settings.ts'

const NEWEST = 71
/** Milliseconds for all requests: a million may be asked for. */
const LIMIT_MS = 4 * 3_600_000
const token = (role: Role) => `token-of-a-${role}`
const tokens = Object.fromEntries(roles.map((role) => [token(role), { user: role, project, role }]))

let system: BlockStorageSystem
beforeAll(async () => {
  system = await startBlockStorage({ CINDERLESS_AUTH: 'static', AUTH_TOKENS: JSON.stringify(tokens) })
})
afterAll(() => system?.[Symbol.asyncDispose]())

/** A call as it is drawn: a route with a body, by somebody at a version. */
interface Drawn {
  readonly method: string
  readonly path: string
  readonly route: Route | undefined
  readonly action: string | undefined
  readonly body: unknown
  readonly role: Role
  readonly version: number
}

const routes = [...volumeRoutes, ...snapshotRoutes, ...attachmentRoutes, ...typeRoutes, ...serviceRoutes]
const asAdmin = { version: NEWEST, role: 'admin', headers: { 'x-auth-token': token('admin') } } as const
const who = { role: fc.constantFrom(...roles), version: fc.oneof(fc.constant(NEWEST), fc.nat(NEWEST + 2)) }

/** What fits a schema, and half as often what is spoiled. */
const bodyFor = (schema: z.ZodType): fc.Arbitrary<unknown> => {
  const shape = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  const meant = valid(shape as JsonSchema)
  return fc.oneof({ weight: 2, arbitrary: meant }, { weight: 1, arbitrary: spoiled(meant) })
}

/** Every call there is, of things that are there and of things that are not: what the form alone decides. */
const callsOf = (route: Route, things: Things): fc.Arbitrary<Drawn> =>
  fc.record({
    ...who,
    method: fc.constant<string>(route.method),
    path: fc.constantFrom(route.path.replaceAll(/\{\w+\}/g, nobody), pathTo(route, things)),
    route: fc.constant(route),
    action: fc.constant(undefined),
    body: route.bodyOf ? bodyFor(route.bodyOf(NEWEST)) : fc.constant(undefined),
  })

/** Actions on one volume, which is in the state that the test puts it in. */
const actionsOf = ([name, row]: [string, (typeof volumeActions)[string]], id: string): fc.Arbitrary<Drawn> =>
  fc.record({
    ...who,
    method: fc.constant('POST'),
    path: fc.constant(`volumes/${id}/action`),
    route: fc.constant(actionRoutes[0]),
    action: fc.constant(name),
    body: (row ? bodyFor(row.bodyOf(NEWEST)) : fc.anything()).map((body) => ({ [name]: body })),
  })

const strange = fc.record({
  ...who,
  method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
  path: fc.constantFrom('wings', 'volumes//', 'volumes/x/y/z', 'types/a/b/c/d', 'constructor', '__proto__'),
  route: fc.constant(undefined),
  action: fc.constant(undefined),
  body: fc.constant(undefined),
})

/** What JSON makes of it: that is what is sent. */
const asSent = (body: unknown): unknown => (body === undefined ? undefined : JSON.parse(JSON.stringify(body)))

const fits = (schema: z.ZodType | undefined, body: unknown) =>
  schema === undefined || schema.safeParse(body).success

/** A refusal that the form alone decides; undefined: what it is asked of decides. */
const refusalOf = ({ route, action, role, version, body }: Drawn): number | undefined => {
  if (version > NEWEST) return 406
  if (route === undefined || route.since > version) return 404
  const caller = { user: '', project, role, isService: false }
  if (!mayAct(caller, policy[route.rule])) return 403
  if (!fits(route.bodyOf?.(version), body)) return 400
  if (action === undefined) return undefined
  // What JSON has no word for was left out of the body, and the action with it.
  if (!Object.hasOwn(body as object, action)) return 400
  const row = Object.hasOwn(volumeActions, action) ? volumeActions[action] : undefined
  if (row === undefined) return 400
  if (row.since > version) return 404
  if (!mayAct(caller, policy[row.rule])) return 403
  return fits(row.bodyOf(version), (body as Record<string, unknown>)[action]) ? undefined : 400
}

const send = ({ method, path, body, role, version }: Drawn): Promise<Answered> =>
  // A text is sent as it is, so one that is meant as JSON's is made that.
  system.call(method, `/${path}`, typeof body === 'string' ? JSON.stringify(body) : body, {
    ...{ version, role },
    headers: { 'x-auth-token': token(role) },
  })

/** What is wrong with how a call was answered. */
const wrongWith = (drawn: Drawn, { status = 0, headers, body }: Answered): string | undefined => {
  if (status >= 500 && status !== 501) return `${status}: ${JSON.stringify(body)}`
  if (status >= 400) {
    const [fault]: any[] = Object.values(body ?? {})
    if (fault?.code !== status || typeof fault.message !== 'string') return 'an error of another shape'
  }
  if (headers['x-openstack-request-id'] === undefined) return 'no request id'
  const refusal = refusalOf(drawn)
  if (refusal !== undefined) return status === refusal ? undefined : `${status}, not ${refusal}`
  return undefined
}

const described = (drawn: Drawn, { status, body }: Answered, why: string) =>
  `${why}\n  ${drawn.role} ${drawn.method} ${drawn.path} at 3.${drawn.version} ${JSON.stringify(drawn.body)?.slice(0, 300)}\n  ${status} ${JSON.stringify(body)?.slice(0, 300)}`

/** So many of what is drawn, the same for the same seed. */
const draw = <T>(from: fc.Arbitrary<T>, many: number, n: number): T[] =>
  fc.sample(from, { seed: seed + n, numRuns: many })

test(
  'every call is answered as its schema, its version and its role predict, and none with a fault of ours',
  async () => {
    const output = listen()
    const wrong: string[] = []
    const counts: Record<string, number> = {}
    const each = Math.ceil((requests * 0.7) / (routes.length + 1))
    try {
      let things = await someThings(system, asAdmin)
      for (const [n, route] of [...routes, undefined].entries()) {
        const from = route === undefined ? strange : callsOf(route, things)
        for (const drawn of draw(from, each, n)) {
          const asked = { ...drawn, body: asSent(drawn.body) }
          const answer = await send(asked)
          counts[String(answer.status)] = (counts[String(answer.status)] ?? 0) + 1
          const why = wrongWith(asked, answer)
          if (why !== undefined && wrong.length < 20) wrong.push(described(asked, answer, why))
        }
        if (route !== undefined && takesAway(route)) things = await someThings(system, asAdmin)
        output.taken()
      }
    } finally {
      output.stop()
    }
    report('calls of Block Storage', counts)
    expect(wrong.join('\n')).toBe('')
  },
  LIMIT_MS,
)

test(
  'an action is done in the states of the table and refused in every other, and its volume is as it was then',
  async () => {
    const made = await system.aVolume({ size: 1 }, { headers: { 'x-auth-token': token('admin') } })
    const { id } = made
    const storage = system.storage()
    const first = await storage.volumes.get(id)
    const output = listen()
    const wrong: string[] = []
    const counts: Record<string, number> = {}
    const names = [...Object.entries(volumeActions), ['os-fly', undefined] as never]
    const each = Math.ceil((requests * 0.3) / names.length)
    const put = async (status: VolumeStatus): Promise<VolumeRecord | undefined> => {
      const now = await storage.volumes.get(id)
      return now && first && storage.volumes.replace({ ...first, status, version: now.version })
    }
    let before = await put('available')
    try {
      for (const [n, row] of names.entries()) {
        const states = draw(fc.constantFrom(...Statuses.options), each, n)
        for (const [turn, drawn] of draw(actionsOf(row, id), each, n).entries()) {
          const asked = { ...drawn, body: asSent(drawn.body) }
          const status = states[turn] ?? 'available'
          const predicted = refusalOf(asked)
          // What the form refuses never looks at the volume.
          if (predicted === undefined) before = await put(status)
          if (before === undefined) break
          const answer = await send(asked)
          counts[String(answer.status)] = (counts[String(answer.status)] ?? 0) + 1
          const why =
            wrongWith(asked, answer) ??
            (predicted === undefined ? byState(row, asked, status, answer) : undefined)
          if (why !== undefined && wrong.length < 20)
            wrong.push(described(asked, answer, `${why} (${status})`))
          if (predicted === undefined && (await storage.volumes.get(id)) === undefined) await again()
        }
        output.taken()
      }
    } finally {
      output.stop()
    }
    report('actions of Block Storage', counts)
    expect(wrong.join('\n')).toBe('')

    async function again() {
      if (first) await storage.volumes.create({ ...first, version: 0 })
    }
  },
  LIMIT_MS,
)

/** Actions that change the record alone, whatever its state: nothing is in the way of those. */
const always = ['os-set_bootable', 'os-set_image_metadata', 'os-show_image_metadata']

/**
 * A state that is not in the row's list is refused: with 400, with 409 where the reference says so, or with 404 for another
 * thing that the body names.
 */
const byState = (
  [name, row]: [string, (typeof volumeActions)[string] | undefined],
  { version, path }: Drawn,
  status: VolumeStatus,
  { status: answered = 0, body }: Answered,
): string | undefined => {
  if (always.includes(name)) return answered === row?.status ? undefined : 'a refusal of what is valid'
  const allowed = row?.allowedAt(version)
  if (allowed === undefined || allowed.includes(status)) return undefined
  const id = path.split('/')[1] ?? ''
  const named = answered === 404 && !body.itemNotFound.message.includes(id)
  return named || answered === 400 || (name === 'revert' && answered === 409)
    ? undefined
    : `${answered} in a state that the table does not allow`
}
