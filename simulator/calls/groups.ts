import type * as z from 'zod'
import { PlacementGroupName } from '../../lib/storpool/schema/values.ts'
import * as bodies from '../bodies.ts'
import { type Call, get, ok, parseBody, post, type Queries } from '../call.ts'
import { busy, missing, taken } from '../errors.ts'
import { findGroup } from '../lookup.ts'
import type { GroupRecord } from '../records.ts'
import { keyOf } from '../world.ts'

type Update = z.infer<typeof bodies.PlacementGroupUpdate>
type Places = { readonly placeAll: string; readonly placeTail: string; readonly placeHead: string }

const view = ({ id, name, disks }: GroupRecord) => ({ id, name, disks })
const own = (call: Call) =>
  [...call.site.world.groups.values()].filter(({ cluster }) => cluster === call.cluster.id)
const one = (call: Call) => findGroup(call, call.args[0] ?? '')

const uses = ({ placeAll, placeTail, placeHead }: Places, name: string) =>
  [placeAll, placeTail, placeHead].includes(name)
const renamed = <T extends Places>(places: T, from: string, to: string): T => ({
  ...places,
  placeAll: places.placeAll === from ? to : places.placeAll,
  placeTail: places.placeTail === from ? to : places.placeTail,
  placeHead: places.placeHead === from ? to : places.placeHead,
})

/** Everything that names a group names it by its new name. */
const rename = (call: Call, group: GroupRecord, to: string) => {
  const { world } = call.site
  world.groups.drop(keyOf(group.cluster, group.name))
  for (const template of world.templates.values()) {
    if (template.cluster !== group.cluster || !uses(template, group.name)) continue
    world.templates.put(keyOf(template.cluster, template.id), renamed(template, group.name, to))
  }
  for (const thing of world.things.values()) {
    if (thing.cluster !== group.cluster || !uses(thing.policy, group.name)) continue
    world.things.put(thing.gid, { ...thing, policy: renamed(thing.policy, group.name, to) })
  }
}

/** Creates the group where there is none of the name. */
const groupUpdate = (call: Call, { rename: to, addDisks = [], rmDisks = [] }: Update) => {
  const { world } = call.site
  const cluster = call.cluster.id
  const name = parseBody(PlacementGroupName, call.args[0])
  const lastId = Math.max(0, ...own(call).map(({ id }) => id))
  const group = world.groups.get(keyOf(cluster, name)) ?? { id: lastId + 1, cluster, name, disks: [] }
  for (const id of [...addDisks, ...rmDisks]) {
    if (!world.disks.has(keyOf(cluster, id))) throw missing('Disk', String(id))
  }
  if (to !== undefined && to !== name && world.groups.has(keyOf(cluster, to)))
    throw taken('Placement group', to)
  const disks = [...new Set([...group.disks, ...addDisks])].filter((id) => !rmDisks.includes(id))
  world.change(cluster, () => {
    if (to !== undefined && to !== name) rename(call, group, to)
    world.groups.put(keyOf(cluster, to ?? name), {
      ...group,
      name: to ?? name,
      disks: disks.toSorted((a, b) => a - b),
    })
  })
  return ok(call)
}

const groupDelete = (call: Call) => {
  const { world } = call.site
  const { cluster, name } = one(call)
  const inUse =
    [...world.templates.values()].some((template) => template.cluster === cluster && uses(template, name)) ||
    [...world.things.values()].some((thing) => thing.cluster === cluster && uses(thing.policy, name))
  if (inUse) throw busy(`Placement group "${name}" is in use`)
  world.change(cluster, () => world.groups.drop(keyOf(cluster, name)))
  return ok(call)
}

export const groupCalls: Queries = {
  PlacementGroupsList: get((call) => Object.fromEntries(own(call).map((group) => [group.name, view(group)]))),
  PlacementGroupDescribe: get((call) => view(one(call)), { args: 1 }),
  PlacementGroupUpdate: post(bodies.PlacementGroupUpdate.default({}), groupUpdate, { args: 1 }),
  PlacementGroupDelete: post(bodies.Nothing, groupDelete, { args: 1 }),
}
