import type * as z from 'zod'
import * as bodies from '../bodies.ts'
import { type Call, get, ok, parseBody, post, type Queries } from '../call.ts'
import { missing } from '../errors.ts'
import { diskBytes } from '../placement.ts'
import type { DiskRecord } from '../records.ts'
import { groupSpace, storedBytes } from '../space.ts'
import { keyOf } from '../world.ts'

/** The unit disks are divided in, in bytes. @see cinder/volume/drivers/storpool.py `_update_volume_stats` */
const allocationGroup = 512 * 1024 * 1024

const diskView = (disk: DiskRecord, used: number) => {
  const { id, server: serverId, ssd, description, softEject } = disk
  const always = {
    ...{ id, serverId, ssd, description, softEject },
    model: ssd ? 'Simulated_SSD' : 'Simulated_HDD',
    serial: `SIM${String(id).padStart(6, '0')}`,
  }
  if (!disk.up) return { ...always, generationLeft: 1 }
  const agCount = diskBytes / allocationGroup
  const agAllocated = Math.min(agCount, Math.ceil(used / allocationGroup))
  const entries = 4_000_000
  const allocated = Math.ceil(used / (32 * 1024 * 1024))
  return {
    ...always,
    generationLeft: -1,
    sectorsCount: diskBytes / 512,
    empty: used === 0,
    ...{ noFua: false, noFlush: false, noTrim: !ssd, isWbc: false, journaled: false },
    device: `/dev/sim${id}`,
    ...{ agCount, agAllocated, agFree: agCount - agAllocated, agFull: 0, agPartial: agAllocated },
    ...{ agFreeing: 0, agMaxSizeFull: 0, agMaxSizePartial: 0 },
    ...{ entriesCount: entries, entriesAllocated: allocated, entriesFree: entries - allocated },
    ...{ objectsCount: entries, objectsAllocated: allocated, objectsFree: entries - allocated },
    objectsOnDiskSize: used,
    wbc: null,
    aggregateScore: { entries: 0, space: 0, total: 0 },
    ...{ scrubbingStartedBefore: 0, scrubbedBytes: 0, scrubbingBW: 0, scrubbingFinishAfter: 0 },
    ...{ scrubbingPausedFor: 0, scrubbingPaused: false, lastScrubCompleted: 0 },
  }
}

const disksList = async (call: Call) => {
  const { world } = call.site
  const sizes = await storedBytes(call)
  const used = new Map<number, number>()
  for (const group of world.groups.values()) {
    if (group.cluster !== call.cluster.id) continue
    const space = groupSpace(call, group.name, group.cluster, sizes)
    for (const id of group.disks) {
      used.set(id, Math.max(used.get(id) ?? 0, Math.ceil((space.capacity - space.free) / group.disks.length)))
    }
  }
  const own = [...world.disks.values()].filter(({ cluster }) => cluster === call.cluster.id)
  return Object.fromEntries(own.map((disk) => [disk.id, diskView(disk, used.get(disk.id) ?? 0)]))
}

const diskOf = (call: Call) => {
  const [id = ''] = call.args
  const disk = call.site.world.disks.get(keyOf(call.cluster.id, parseBody(bodies.DiskId, id)))
  if (disk === undefined) throw missing('Disk', id)
  return disk
}
const softEject = (state: 'on' | 'off' | 'paused') => (call: Call) => {
  const disk = diskOf(call)
  call.site.world.change(call.cluster.id, () =>
    call.site.world.disks.put(keyOf(disk.cluster, disk.id), { ...disk, softEject: state }),
  )
  return ok(call)
}
const setDescription = (call: Call, { description }: z.infer<typeof bodies.DiskDescription>) => {
  const disk = diskOf(call)
  call.site.world.change(call.cluster.id, () =>
    call.site.world.disks.put(keyOf(disk.cluster, disk.id), { ...disk, description }),
  )
  return ok(call)
}

export const diskCalls: Queries = {
  DisksList: get(disksList),
  DiskSoftEject: post(bodies.Nothing, softEject('on'), { args: 1 }),
  DiskSoftEjectPause: post(bodies.Nothing, softEject('paused'), { args: 1 }),
  DiskSoftEjectCancel: post(bodies.Nothing, softEject('off'), { args: 1 }),
  DiskSetDescription: post(bodies.DiskDescription, setDescription, { args: 1 }),
}
