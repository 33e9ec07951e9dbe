import * as z from 'zod'
import { defaultLimits, quotaLimits, quotaUsage, resourceNames } from '../volumes/quota-sets.ts'
import { ApiError, badRequest, invalidInput } from '../volumes/refusal.ts'
import { Bool } from './fields.ts'
import { type Call, type Route, route } from './route.ts'

const Limit = z
  .union(
    [
      z.int(),
      z
        .string()
        .regex(/^-?[0-9]{1,12}$/)
        .transform(Number),
    ],
    'is not an integer',
  )
  .refine((limit) => limit >= -1, 'is less than the minimum of -1')
  .refine((limit) => limit <= 2 ** 31 - 1, `is greater than the maximum of ${2 ** 31 - 1}`)

const Body = z.looseObject({
  quota_set: z.record(z.string(), z.unknown()).refine((set) => Object.keys(set).length > 0, 'is empty'),
})

/** Not limits, though they stand among them. */
const besides = ['tenant_id', 'force', 'id']

const projectOf = ({ path, caller }: Pick<Call, 'path' | 'caller'>): string => {
  const { project = '' } = path
  if (caller.role === 'admin' || project === caller.project) return project
  throw new ApiError(403, "Policy doesn't allow quota:get of another project to be performed.")
}

const show = route({
  method: 'GET',
  path: 'os-quota-sets/{project}',
  summary: "Show a project's limits, with usage=true also what it uses",
  rule: 'quota:get',
  query: z.looseObject({ usage: Bool.optional() }),
  async run(call) {
    const project = projectOf(call)
    const set = call.query.usage
      ? await quotaUsage(call.storage, project)
      : (await quotaLimits(call.storage, project)).limits
    return { quota_set: { id: project, ...set } }
  },
})

const defaults = route({
  method: 'GET',
  path: 'os-quota-sets/{project}/defaults',
  summary: 'Show the limits of projects that have none of their own',
  rule: 'quota:get',
  async run(call) {
    return { quota_set: { id: projectOf(call), ...(await defaultLimits(call.storage)) } }
  },
})

const update = route({
  method: 'PUT',
  path: 'os-quota-sets/{project}',
  summary: "Set a project's limits: -1 is none",
  rule: 'quota:update',
  body: Body,
  async run({ storage, path, body }) {
    const { project = '' } = path
    const names = await resourceNames(storage)
    const asked = Object.entries(body.quota_set).filter(([name]) => !besides.includes(name))
    const { used } = await storage.quotas.read(project)
    const limits: Record<string, number> = {}
    for (const [name, given] of asked) {
      const resource = names.get(name)
      if (resource === undefined) throw badRequest(`Bad key(s) in quota set: ${name}`)
      const limit = Limit.safeParse(given)
      if (!limit.success) {
        throw badRequest(
          `Invalid input for field/attribute ${name}. Value: ${String(given).slice(0, 100)}. ${limit.error.issues[0]?.message}`,
        )
      }
      const inUse = used[resource] ?? 0
      if (limit.data >= 0 && limit.data < inUse) {
        throw invalidInput(`The quota of ${name} cannot be ${limit.data}: ${inUse} is in use or reserved.`)
      }
      limits[resource] = limit.data
    }
    await storage.quotas.limit(project, limits)
    return { quota_set: (await quotaLimits(storage, project)).limits }
  },
})

const remove = route({
  method: 'DELETE',
  path: 'os-quota-sets/{project}',
  summary: "Take a project's limits back to the default",
  rule: 'quota:update',
  async run({ storage, path }) {
    const { project = '' } = path
    const { limits } = await storage.quotas.read(project)
    await storage.quotas.limit(project, Object.fromEntries(Object.keys(limits).map((name) => [name, null])))
    return undefined
  },
})

/** A class holds limits for many projects elsewhere; here there is the one that is everybody's default. */
const quotaClass = route({
  method: 'GET',
  path: 'os-quota-class-sets/{name}',
  summary: 'Show the default limits',
  rule: 'quota:get',
  async run({ storage, path: { name = '' } }) {
    return { quota_class_set: { id: name, ...(await defaultLimits(storage)) } }
  },
})

export const quotaRoutes: readonly Route[] = [defaults, show, update, remove, quotaClass]
