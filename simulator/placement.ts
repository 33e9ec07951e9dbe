import type { Call } from './call.ts'
import { noRoom } from './errors.ts'
import { clusterDefaults } from './fresh.ts'
import { findGroup, findTemplate } from './lookup.ts'
import type { DiskRecord, Policy, TemplateRecord, Thing } from './records.ts'
import { keyOf } from './world.ts'

/** Bytes on each disk. */
export const diskBytes = 1024 ** 4

/** The policy members a body may hold. */
export type PolicyDesc = { readonly [K in keyof Policy]?: Policy[K] | undefined } & {
  readonly template?: string | undefined
}

const members = [
  'placeAll',
  'placeTail',
  'placeHead',
  'replication',
  'bw',
  'iops',
  'limitType',
  'reuseServer',
] as const

const given = (desc: PolicyDesc) => members.filter((member) => desc[member] !== undefined)
const defined = (desc: PolicyDesc) => Object.fromEntries(given(desc).map((member) => [member, desc[member]]))

/** What objects of a template get from it. */
export const policyOf = (template: TemplateRecord | undefined): Policy => {
  if (template === undefined) return { ...clusterDefaults }
  const { placeAll, placeTail, placeHead, bw, iops, limitType, reuseServer } = template
  const replication = template.replication === '-' ? clusterDefaults.replication : template.replication
  return {
    placeAll,
    placeTail,
    placeHead,
    replication,
    bw,
    iops,
    ...(limitType === undefined ? {} : { limitType }),
    ...(reuseServer === undefined ? {} : { reuseServer }),
  }
}

export type Placed = Pick<Thing, 'template' | 'policy' | 'pinned'>

/**
 * The policy an object comes to by a body. A member given for the object wins over the template, and stays when the
 * template changes.
 *
 * @param base what it has, or what its source has: kept where the body names no template
 */
export const place = (call: Call, desc: PolicyDesc, base: Placed | undefined, cluster: string): Placed => {
  const template = desc.template === undefined ? undefined : findTemplate(call, desc.template, cluster)
  for (const name of [desc.placeAll, desc.placeTail, desc.placeHead]) {
    if (name !== undefined) findGroup(call, name, cluster)
  }
  const under = template !== undefined || base === undefined ? policyOf(template) : base.policy
  const kept = template !== undefined || base === undefined ? [] : base.pinned
  const placed = {
    template: template?.id ?? base?.template ?? 0,
    policy: { ...under, ...defined(desc) },
    pinned: [...new Set([...kept, ...given(desc)])],
  }
  if (base === undefined || changesPlacement(base.policy, placed.policy))
    checkServers(call, placed.policy, cluster)
  return placed
}

/** Whether data lives elsewhere by the other policy. */
export const changesPlacement = (a: Policy, b: Policy) =>
  a.replication !== b.replication ||
  a.placeAll !== b.placeAll ||
  a.placeTail !== b.placeTail ||
  a.placeHead !== b.placeHead

/** The disks of the groups a policy names, each once. */
export const disksOf = (call: Call, policy: Policy, cluster: string): readonly DiskRecord[] => {
  const ids = new Set(
    [policy.placeAll, policy.placeTail, policy.placeHead].flatMap(
      (name) => call.site.world.groups.get(keyOf(cluster, name))?.disks ?? [],
    ),
  )
  return [...ids].flatMap((id) => call.site.world.disks.get(keyOf(cluster, id)) ?? [])
}

const checkServers = (call: Call, policy: Policy, cluster: string) => {
  const disks = disksOf(call, policy, cluster)
  const places = policy.reuseServer === true ? disks.length : new Set(disks.map(({ server }) => server)).size
  if (places < policy.replication) {
    throw noRoom(`Not enough servers or fault sets for replication ${policy.replication}`)
  }
}

/** The template after a change of itself, for every object that uses it. */
export const propagated = (template: TemplateRecord, thing: Thing): Policy => {
  const own = Object.fromEntries(
    members.filter((member) => thing.pinned.includes(member)).map((member) => [member, thing.policy[member]]),
  )
  return { ...policyOf(template), ...own }
}
