import type * as z from 'zod'
import * as bodies from '../bodies.ts'
import { type Call, get, ok, post, type Queries } from '../call.ts'
import { busy, taken } from '../errors.ts'
import { clusterDefaults } from '../fresh.ts'
import { findGroup, findLiving, findTemplate } from '../lookup.ts'
import { propagated } from '../placement.ts'
import type { TemplateRecord } from '../records.ts'
import { keyOf } from '../world.ts'

type Create = z.infer<typeof bodies.VolumeTemplateCreate>
type Update = z.infer<typeof bodies.VolumeTemplateUpdate>

const view = (record: TemplateRecord) => {
  const { id, name, size, placeAll, placeTail, placeHead, replication, bw, iops, limitType, reuseServer } =
    record
  const shown = {
    id,
    name,
    parentName: record.parent,
    size,
    placeAll,
    placeTail,
    placeHead,
    replication,
    bw,
    iops,
  }
  return {
    ...shown,
    ...(limitType ? { limitType } : {}),
    ...(reuseServer === undefined ? {} : { reuseServer }),
  }
}
const own = (call: Call) =>
  [...call.site.world.templates.values()].filter(({ cluster }) => cluster === call.cluster.id)
const one = (call: Call) => findTemplate(call, call.args[0] ?? '')

const checkName = (call: Call, name: string, except?: TemplateRecord) => {
  if (own(call).some((other) => other.name === name && other.id !== except?.id)) throw taken('Template', name)
}

/** What a body says of a template; groups it does not name follow those it does. */
const settings = (
  call: Call,
  body: Update | Create,
  before: Pick<TemplateRecord, 'placeAll' | 'placeTail' | 'placeHead'>,
) => {
  const { parent, size, replication, bw, iops, limitType, reuseServer, placeAll, placeTail, placeHead } = body
  for (const name of [placeAll, placeTail, placeHead]) if (name !== undefined) findGroup(call, name)
  if (parent !== undefined && parent !== '') findLiving(call, parent)
  return {
    ...(parent === undefined ? {} : { parent }),
    ...(size === undefined ? {} : { size }),
    ...(replication === undefined ? {} : { replication }),
    ...(bw === undefined ? {} : { bw }),
    ...(iops === undefined ? {} : { iops }),
    ...(limitType === undefined ? {} : { limitType }),
    ...(reuseServer === undefined ? {} : { reuseServer }),
    placeAll: placeAll ?? before.placeAll,
    placeTail: placeTail ?? before.placeTail,
    placeHead: placeHead ?? before.placeHead,
  }
}

const templateCreate = (call: Call, body: Create) => {
  const { world } = call.site
  const cluster = call.cluster.id
  checkName(call, body.name)
  const all = body.placeAll ?? body.placeTail
  const groups =
    all === undefined ? clusterDefaults : { placeAll: all, placeTail: body.placeTail ?? all, placeHead: all }
  world.change(cluster, () => {
    const id = Math.max(0, ...own(call).map((template) => template.id)) + 1
    world.templates.put(keyOf(cluster, id), {
      ...{ id, cluster, name: body.name, parent: '', size: '-', replication: '-', bw: '-', iops: '-' },
      ...settings(call, body, groups),
    })
  })
  return ok(call)
}

/** Objects follow the template only where `propagate` says so. */
const templateUpdate = (call: Call, body: Update) => {
  const { world } = call.site
  const before = one(call)
  if (body.rename !== undefined) checkName(call, body.rename, before)
  const template = { ...before, ...settings(call, body, before), name: body.rename ?? before.name }
  world.change(call.cluster.id, () => {
    world.templates.put(keyOf(template.cluster, template.id), template)
    if (body.propagate !== true) return
    for (const thing of world.things.values()) {
      if (thing.template !== template.id || thing.cluster !== template.cluster) continue
      world.things.put(thing.gid, { ...thing, policy: propagated(template, thing) })
    }
  })
  return ok(call)
}

const templateDelete = (call: Call) => {
  const { world } = call.site
  const { id, cluster, name } = one(call)
  for (const thing of world.things.values()) {
    if (thing.template === id && thing.cluster === cluster) throw busy(`Template "${name}" is in use`)
  }
  world.change(call.cluster.id, () => world.templates.drop(keyOf(cluster, id)))
  return ok(call)
}

export const templateCalls: Queries = {
  VolumeTemplatesList: get((call) => own(call).map(view)),
  VolumeTemplateDescribe: get((call) => view(one(call)), { args: 1 }),
  VolumeTemplateCreate: post(bodies.VolumeTemplateCreate, templateCreate),
  VolumeTemplateUpdate: post(bodies.VolumeTemplateUpdate.default({}), templateUpdate, { args: 1 }),
  VolumeTemplateDelete: post(bodies.Nothing, templateDelete, { args: 1 }),
}
