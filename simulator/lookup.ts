import {
  PlacementGroupName,
  SnapshotRef,
  TemplateName,
  TildeGlobalId,
  VolumeRef,
} from '../lib/storpool/schema/values.ts'
import type { Call } from './call.ts'
import { invalid, missing, taken } from './errors.ts'
import type { GroupRecord, TemplateRecord, Thing } from './records.ts'
import { keyOf } from './world.ts'

type Kind = Thing['kind']
const shown: Record<Kind, string> = { volume: 'Volume', snapshot: 'Snapshot' }

/** Ids of the clusters a call looks for objects in: its own first. */
export const scope = (call: Call): readonly string[] =>
  call.multi
    ? [
        call.cluster.id,
        ...call.site.world.clusters.map(({ id }) => id).filter((id) => id !== call.cluster.id),
      ]
    : [call.cluster.id]

const search = (call: Call, ref: string): Thing | undefined => {
  const { world } = call.site
  if (ref.startsWith('~')) {
    const thing = world.things.get(ref.slice(1))
    return thing !== undefined && scope(call).includes(thing.cluster) ? thing : undefined
  }
  for (const cluster of scope(call)) {
    const thing = world.named(cluster, ref)
    if (thing !== undefined) return thing
  }
  return undefined
}

/** The volume or snapshot of that name, or of that global id written `~id`. */
export const find = (call: Call, kind: Kind, ref: string): Thing => {
  const legal = kind === 'volume' ? VolumeRef : SnapshotRef
  if (!legal.safeParse(ref).success) throw invalid(`Invalid ${kind} name "${ref}"`)
  const thing = search(call, ref)
  if (thing === undefined || thing.kind !== kind) throw missing(shown[kind], ref)
  return thing
}
export const findVolume = (call: Call, ref: string) => find(call, 'volume', ref)
export const findSnapshot = (call: Call, ref: string) => find(call, 'snapshot', ref)

/** A snapshot somebody may build on: one that is not being deleted. */
export const findLiving = (call: Call, ref: string): Thing => {
  const snapshot = findSnapshot(call, ref)
  if (snapshot.deleted) throw missing(shown.snapshot, ref)
  return snapshot
}

/** Refuse a name that some volume or snapshot has: they share one name space. */
export const checkFree = (call: Call, name: string, except?: Thing) => {
  if (TildeGlobalId.safeParse(name).success) throw invalid(`Invalid name "${name}"`)
  const other = search(call, name)
  if (other !== undefined && other.gid !== except?.gid) throw taken(shown[other.kind], name)
}

/**
 * Do something to objects as soon as nobody works on their bytes: in the very turn in which that was seen, so that
 * nobody comes between.
 *
 * @param read looks the objects up, again after each wait: they may have changed meanwhile
 */
export const whenFree = async <T>(
  call: Call,
  read: () => readonly Thing[],
  act: (objects: readonly Thing[]) => T | Promise<T>,
): Promise<T> => {
  for (;;) {
    const objects = read()
    const work = objects.flatMap(({ gid }) => call.site.working.get(gid) ?? [])
    if (work.length === 0) return act(objects)
    await Promise.all(work)
  }
}

/** Work on the bytes of objects while all other calls that need them wait. */
export const exclusively = <T>(
  call: Call,
  read: () => readonly Thing[],
  work: (objects: readonly Thing[]) => Promise<T>,
): Promise<T> =>
  whenFree(call, read, async (objects) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    for (const { gid } of objects) call.site.working.set(gid, promise)
    try {
      return await work(objects)
    } finally {
      for (const { gid } of objects) call.site.working.delete(gid)
      resolve()
    }
  })

export const findTemplate = (call: Call, name: string, cluster = call.cluster.id): TemplateRecord => {
  if (!TemplateName.safeParse(name).success) throw invalid(`Invalid template name "${name}"`)
  for (const template of call.site.world.templates.values()) {
    if (template.name === name && template.cluster === cluster) return template
  }
  throw missing('Template', name)
}

export const findGroup = (call: Call, name: string, cluster = call.cluster.id): GroupRecord => {
  if (!PlacementGroupName.safeParse(name).success) throw invalid(`Invalid placement group name "${name}"`)
  const group = call.site.world.groups.get(keyOf(cluster, name))
  if (group === undefined) throw missing('Placement group', name)
  return group
}
