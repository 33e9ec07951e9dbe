import { type Call, get, type Queries } from '../call.ts'
import { isMigrating } from '../progress.ts'
import type { Thing } from '../records.ts'
import { ownBytes, storedBytes } from '../space.ts'
import { summary } from '../views.ts'
import { listed } from './volumes.ts'

type Sizes = ReadonlyMap<number, number>

const inherited = (call: Call, thing: Thing, sizes: Sizes) => {
  const { world } = call.site
  let total = ownBytes(thing, sizes)
  const counted = new Set([thing.file])
  for (let at = world.things.get(thing.parent); at !== undefined; at = world.things.get(at.parent)) {
    if (!counted.has(at.file)) total += ownBytes(at, sizes)
    counted.add(at.file)
  }
  return total
}

const volumesSpace = async (call: Call) => {
  const sizes = await storedBytes(call)
  return listed(call, 'volume').map((volume) => ({
    ...summary(call.site.world, volume, call.multi),
    storedSize: ownBytes(volume, sizes),
    spaceUsed: inherited(call, volume, sizes),
  }))
}

/** What deleting a snapshot would free: nothing, while others share its bytes. */
const snapshotsSpace = async (call: Call) => {
  const sizes = await storedBytes(call)
  return listed(call, 'snapshot').map((snapshot) => ({
    ...summary(call.site.world, snapshot, call.multi),
    storedSize: ownBytes(snapshot, sizes),
    spaceUsed: call.site.world.usersOf(snapshot.file).size === 1 ? ownBytes(snapshot, sizes) : 0,
  }))
}

const status = (call: Call, thing: Thing) => {
  const shown = summary(call.site.world, thing, call.multi)
  return {
    ...shown,
    status: 'up',
    snapshot: thing.kind === 'snapshot',
    ...{ migrating: isMigrating(call.site, thing), decreasedRedundancy: false, balancerBlocked: false },
    ...{ syncingDataBytes: 0, syncingMetaObjects: 0, downBytes: 0, upSoonChainsCount: 0 },
    ...{ downDrives: [], missingDrives: [], missingTargetDrives: [], softEjectingDrives: [] },
  }
}

const statuses = async (call: Call, sizes: Sizes | undefined) => {
  const all = [...listed(call, 'volume'), ...listed(call, 'snapshot')]
  return Object.fromEntries(
    all.map((thing) => {
      const shown = status(call, thing)
      const storedSize = sizes === undefined ? 0 : ownBytes(thing, sizes)
      const space =
        sizes === undefined ? {} : { storedSize, onDiskSize: storedSize * thing.policy.replication }
      return [shown.name, { ...shown, ...space }]
    }),
  )
}

export const spaceCalls: Queries = {
  VolumesSpace: get(volumesSpace, { multi: true }),
  SnapshotsSpace: get(snapshotsSpace, { multi: true }),
  VolumesGetStatus: get(async (call) => statuses(call, await storedBytes(call)), { multi: true }),
  VolumesGetStatusQuick: get((call) => statuses(call, undefined), { multi: true }),
}
