import { type Call, get, type Queries } from '../call.ts'
import type { TemplateRecord, Thing } from '../records.ts'
import { groupSpace, storedBytes } from '../space.ts'

type Sizes = ReadonlyMap<number, number>
const sum = (numbers: readonly number[]) => numbers.reduce((total, n) => total + n, 0)

const ofTemplate = (call: Call, template: TemplateRecord) => {
  const own = []
  for (const thing of call.site.world.things.values()) {
    if (thing.template === template.id && thing.cluster === template.cluster) own.push(thing)
  }
  return own
}

/** Bytes the objects hold, a file they share counted once. */
const storedOf = (things: readonly Thing[], sizes: Sizes) => {
  const files = new Set(things.map(({ file }) => file))
  return sum([...files].map((file) => sizes.get(file) ?? 0))
}

const templateStatus = (call: Call, template: TemplateRecord, sizes: Sizes) => {
  const { world } = call.site
  const { id, name, cluster, placeAll, placeTail, placeHead, replication } = template
  const things = ofTemplate(call, template)
  const volumes = things.filter(({ kind }) => kind === 'volume')
  const snapshots = things.filter(({ kind }) => kind === 'snapshot')
  const bytes = (list: readonly Thing[]) => sum(list.map(({ size }) => size))
  const copies = replication === '-' ? 3 : replication
  const groups = [placeAll, placeTail, placeHead].map((group) => groupSpace(call, group, cluster, sizes))
  const [all, tail, head] = groups
  const distinct = new Map([
    [placeAll, all],
    [placeTail, tail],
    [placeHead, head],
  ])
  // Every copy of a byte is on one of the groups: what is full first bounds what clients can still write.
  const share = copies / distinct.size
  const client = (part: 'capacity' | 'free') =>
    Math.floor(Math.min(...[...distinct.values()].map((group) => group?.[part] ?? 0)) / share)
  const entry = (group: { capacity: number; free: number } | undefined) => ({
    capacity: Math.floor((group?.capacity ?? 0) / share),
    free: Math.floor((group?.free ?? 0) / share),
    internal: { u1: 0, u2: 0, u3: 0 },
  })
  const stored = storedOf(things, sizes)
  return {
    ...{ id, name, placeAll, placeTail, placeHead, replication },
    volumesCount: volumes.length,
    snapshotsCount: snapshots.length,
    removingSnapshotsCount: snapshots.filter(({ deleted }) => deleted).length,
    size: bytes(volumes),
    volumesSize: bytes(volumes),
    snapshotsWithoutChildrenSize: bytes(snapshots.filter(({ gid }) => world.childrenOf(gid).size === 0)),
    snapshotsWithChildrenSize: bytes(snapshots.filter(({ gid }) => world.childrenOf(gid).size > 0)),
    totalSize: bytes(volumes) * copies,
    storedSize: stored,
    onDiskSize: stored * copies,
    availablePlaceAll: all?.free ?? 0,
    availablePlaceTail: tail?.free ?? 0,
    availablePlaceHead: head?.free ?? 0,
    capacityPlaceAll: all?.capacity ?? 0,
    capacityPlaceTail: tail?.capacity ?? 0,
    capacityPlaceHead: head?.capacity ?? 0,
    stored: {
      capacity: client('capacity'),
      free: client('free'),
      internal: { u1: 0, u2: 0, u3: 0 },
      ...{ placeAll: entry(all), placeTail: entry(tail), placeHead: entry(head) },
    },
  }
}

const templatesStatus = async (call: Call) => {
  const sizes = await storedBytes(call)
  const own = [...call.site.world.templates.values()].filter(({ cluster }) => cluster === call.cluster.id)
  return own.map((template) => templateStatus(call, template, sizes))
}

export const templateStatusCalls: Queries = { VolumeTemplatesStatus: get(templatesStatus) }
