import type { Call } from './call.ts'
import { pieces } from './pieces.ts'
import { disksOf } from './placement.ts'
import { placedPieces } from './progress.ts'
import type { AttachmentRecord, Policy, Thing } from './records.ts'
import { keyOf, type World } from './world.ts'

export const shownName = (thing: Pick<Thing, 'name' | 'gid'>) =>
  thing.name === '' ? `~${thing.gid}` : thing.name

const nameOf = (world: World, gid: string) => {
  const thing = world.things.get(gid)
  return thing === undefined ? '' : shownName(thing)
}

const clusterName = ({ clusters }: World, cluster: string) => clusters.find(({ id }) => id === cluster)?.name

/** An object as the lists show it; `multi` adds where it lives. */
export const summary = (world: World, thing: Thing, multi: boolean) => ({
  ...base(world, thing, multi),
  ...(thing.kind === 'snapshot' ? snapshotPart(world, thing) : {}),
})

const base = (world: World, thing: Thing, multi: boolean) => {
  const parent = world.things.get(thing.parent)
  const template = world.templates.get(keyOf(thing.cluster, thing.template))
  return {
    id: thing.id,
    name: shownName(thing),
    globalId: thing.gid,
    parentName: parent === undefined ? '' : shownName(parent),
    templateName: template?.name ?? '',
    size: thing.size,
    ...thing.policy,
    parentVolumeId: parent?.id ?? 0,
    originalParentVolumeId: parent?.id ?? 0,
    visibleVolumeId: thing.id,
    templateId: thing.template,
    objectsCount: pieces(thing.size),
    creationTimestamp: thing.created,
    flags: 0,
    firstNotParentObjectId: 0,
    ...(Object.keys(thing.tags).length > 0 ? { tags: thing.tags } : {}),
    ...(multi ? { clusterName: clusterName(world, thing.cluster), clusterId: thing.cluster } : {}),
  }
}

/** The volume a snapshot is the direct parent of: the one it was made of, before any other. */
const onVolume = (world: World, snapshot: Thing) => {
  if (world.things.get(snapshot.from)?.parent === snapshot.gid) return nameOf(world, snapshot.from)
  for (const gid of world.childrenOf(snapshot.gid)) {
    if (world.things.get(gid)?.kind === 'volume') return nameOf(world, gid)
  }
  return '-'
}

const snapshotPart = (world: World, snapshot: Thing) => ({
  onVolume: onVolume(world, snapshot),
  autoName: snapshot.autoName,
  bound: snapshot.bound,
  deleted: snapshot.deleted,
  transient: snapshot.transient,
  targetDeleteDate: snapshot.deleteDate,
  recoveringFromRemote: false,
  backup: snapshot.backup,
  ...(snapshot.backup
    ? { backupOfGlobalId: snapshot.remoteId, backupOfVisibleVolumeId: snapshot.fromId }
    : {}),
  ...(snapshot.from === ''
    ? {}
    : { createdFromGlobalId: snapshot.from, createdFromVisibleVolumeId: snapshot.fromId }),
  ...(snapshot.deleted
    ? { deleteBlocked: world.childrenOf(snapshot.gid).size > 1 ? 'multiple children' : 'pending' }
    : {}),
  destroyed: false,
})

/** The sets of disks that hold the copies of an object's pieces, in turn. */
export const diskSets = (
  call: Call,
  thing: Thing,
  policy: Policy = thing.policy,
): readonly (readonly number[])[] => {
  const up = disksOf(call, policy, thing.cluster).filter((disk) => disk.up)
  const ids = up.map(({ id }) => id).toSorted((a, b) => a - b)
  const copies = Math.min(policy.replication, ids.length)
  return ids.map((_, first) => Array.from({ length: copies }, (_, i) => ids[(first + i) % ids.length] ?? 0))
}

const spread = (count: number, sets: readonly (readonly number[])[]) =>
  sets.map((disks, i) => ({
    disks,
    count: Math.floor(count / sets.length) + (i < count % sets.length ? 1 : 0),
  }))

/** How the pieces lie on the disks. */
export const distribution = (call: Call, thing: Thing) => {
  const { here, settled } = placedPieces(call.site, thing)
  const before = diskSets(call, thing, thing.relocating?.from)
  const perSet = [...spread(settled, diskSets(call, thing)), ...spread(here - settled, before)]
  const perDisk = new Map<number, number>()
  for (const set of perSet) for (const id of set.disks) perDisk.set(id, (perDisk.get(id) ?? 0) + set.count)
  const used = perSet.filter((set) => set.count > 0)
  return {
    disksCount: [...perDisk.values()].filter((n) => n > 0).length,
    objectsPerDisk: Object.fromEntries(perDisk),
    objectsPerChain: used,
    objectsPerDiskSet: used,
  }
}

export const attachmentView = (world: World, record: AttachmentRecord, multi: boolean) => {
  const thing = world.things.get(record.gid)
  return {
    volume: nameOf(world, record.gid),
    snapshot: thing?.kind === 'snapshot',
    client: record.client,
    rights: record.rights,
    pos: record.pos,
    globalId: record.gid,
    ...(multi ? { cluster: clusterName(world, record.cluster), clusterId: record.cluster } : {}),
  }
}
