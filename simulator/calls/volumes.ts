import { VolumeRevertDesc } from '../../lib/storpool/schema/asked.ts'
import * as bodies from '../bodies.ts'
import { type Call, get, ok, post, type Queries } from '../call.ts'
import { invalid } from '../errors.ts'
import { findVolume, scope } from '../lookup.ts'
import { pieces } from '../pieces.ts'
import { placedPieces } from '../progress.ts'
import { diskSets, distribution, summary } from '../views.ts'
import { volumeDelete, volumeRebase, volumeRevert, volumeUpdate } from './volume-change.ts'
import { volumeCreate } from './volume-create.ts'

/** Everything of one kind that a call may see. */
export const listed = (call: Call, kind: 'volume' | 'snapshot') => {
  const where = scope(call)
  const found = []
  for (const thing of call.site.world.things.values()) {
    if (thing.kind === kind && where.includes(thing.cluster)) found.push(thing)
  }
  return found
}

const one = (call: Call) => {
  const [ref = ''] = call.args
  return findVolume(call, ref)
}
const shown = (call: Call) => summary(call.site.world, one(call), call.multi)

const ancestors = (call: Call) => {
  const { world } = call.site
  const chain = []
  for (let at = world.things.get(one(call).parent); at !== undefined; at = world.things.get(at.parent)) {
    chain.push(summary(world, at, call.multi))
  }
  return chain
}

/** Above this many pieces an object's own description would be larger than anybody reads. */
const describable = 1_000_000

export const describeObject = (call: Call, thing: ReturnType<typeof one>) => {
  if (pieces(thing.size) > describable) throw invalid('The object is too large to be described')
  const sets = diskSets(call, thing)
  const before = diskSets(call, thing, thing.relocating?.from)
  const { here, settled } = placedPieces(call.site, thing)
  const objects = Array.from({ length: pieces(thing.size) }, (_, i) => {
    if (i >= here) return []
    const on = i < settled ? sets : before
    return on[i % on.length] ?? []
  })
  return { ...summary(call.site.world, thing, call.multi), targetDiskSets: sets, objects }
}

const abandonDisk = (call: Call) => {
  one(call)
  return ok(call)
}

const named = { args: 1, multi: true }

export const volumeCalls: Queries = {
  VolumesList: get((call) => listed(call, 'volume').map((v) => summary(call.site.world, v, call.multi)), {
    multi: true,
  }),
  Volume: get((call) => [shown(call)], named),
  VolumeGetInfo: get((call) => ({ ...shown(call), ...distribution(call, one(call)) }), named),
  VolumeDescribe: get((call) => describeObject(call, one(call)), named),
  VolumeListSnapshots: get(ancestors, { args: 1 }),
  VolumesAndSnapshotsList: get(
    (call) => ({
      volumes: listed(call, 'volume').map((v) => summary(call.site.world, v, call.multi)),
      snapshots: listed(call, 'snapshot').map((s) => summary(call.site.world, s, call.multi)),
    }),
    { multi: true },
  ),
  VolumeCreate: post(bodies.VolumeCreate, volumeCreate, { multi: true }),
  VolumeUpdate: post(bodies.VolumeUpdate.default({}), volumeUpdate, named),
  VolumeDelete: post(bodies.VolumeDelete, volumeDelete, named),
  VolumeRevert: post(VolumeRevertDesc, volumeRevert, named),
  VolumeRebase: post(bodies.Rebase, volumeRebase, { args: 1 }),
  VolumeAbandonDisk: post(bodies.AbandonDisk, abandonDisk, { args: 1 }),
}
