import * as z from 'zod'
import { ClusterName, OnAttached, SnapshotRef } from '../../lib/storpool/schema/values.ts'
import { type Call, get, ok, post, type Queries } from '../call.ts'
import { invalid, missing } from '../errors.ts'
import { findLiving, findSnapshot, findVolume, whenFree } from '../lookup.ts'
import { moveTo } from '../move.ts'
import type { ExportRecord, Thing } from '../records.ts'
import { shownName } from '../views.ts'
import { farAway } from '../world.ts'
import { checkLocation } from './backups.ts'

/** @see python-storpool 7.3.0, sptypes.py: the descriptions of the same names */
const Export = z.strictObject({ snapshot: SnapshotRef, location: ClusterName })
const Unexport = z.strictObject({
  snapshot: SnapshotRef,
  location: ClusterName.optional(),
  all: z.boolean().optional(),
  force: z.boolean().optional(),
})
const Elsewhere = z.strictObject({ cluster: ClusterName.optional(), clusterId: z.string().optional() })
type Elsewhere = z.infer<typeof Elsewhere>
const Move = z.strictObject({ ...Elsewhere.shape, onAttached: OnAttached.optional() })
const Acquire = z.strictObject({ onRemoteAttached: OnAttached.optional() }).default({})
const clusterOf = ({ site }: Call, { cluster, clusterId }: Elsewhere) => {
  if ((cluster === undefined) === (clusterId === undefined))
    throw invalid('Give one of "cluster" and "clusterId"')
  const found = site.world.clusters.find(({ id, name }) => id === clusterId || name === cluster)
  if (found === undefined) throw missing('Cluster', cluster ?? clusterId ?? '')
  return found
}

const exportKey = ({ gid, to }: Pick<ExportRecord, 'gid' | 'to'>) => `${gid} ${to}`
const exportsOf = (call: Call, kind: Thing['kind']) => {
  const { world } = call.site
  const found = []
  for (const { gid, cluster, to } of world.exports.values()) {
    const thing = world.things.get(gid)
    if (thing?.kind !== kind || cluster !== call.cluster.id) continue
    found.push({
      snapshot: shownName(thing),
      location: to,
      globalId: gid,
      backingUp: false,
      volumeId: thing.id,
      visibleVolumeId: thing.id,
    })
  }
  return { exports: found }
}
const addExport = (call: Call, thing: Thing, to: string) => {
  const record = { gid: thing.gid, cluster: call.cluster.id, to }
  call.site.world.change(call.cluster.id, () => call.site.world.exports.put(exportKey(record), record))
  return ok(call)
}
const snapshotExport = (call: Call, body: z.infer<typeof Export>) => {
  checkLocation(body.location)
  return addExport(call, findLiving(call, body.snapshot), body.location)
}
const snapshotUnexport = (call: Call, body: z.infer<typeof Unexport>) => {
  const { world } = call.site
  const { gid } = findSnapshot(call, body.snapshot)
  const to = body.all === true ? farAway.name : body.location
  if (to === undefined) throw invalid('Give "location" or "all"')
  const key = exportKey({ gid, to })
  if (!world.exports.has(key) && body.all !== true) throw missing('Export', body.snapshot)
  world.change(call.cluster.id, () => world.exports.drop(key))
  return ok(call)
}

const moveAway = async (call: Call, find: () => Thing, body: z.infer<typeof Move>) => {
  const to = clusterOf(call, body)
  await whenFree(
    call,
    () => [find()],
    ([thing = find()]) =>
      call.site.world.change(call.cluster.id, () => moveTo(call, thing, to.id, body.onAttached ?? 'fail')),
  )
  return ok(call)
}

/** Pull a volume here; nothing to do when it is here. */
const acquire = async (call: Call, body: z.infer<typeof Acquire>) => {
  const find = () => findVolume(call, call.args[0] ?? '')
  await whenFree(
    call,
    () => [find()],
    ([volume = find()]) =>
      call.site.world.change(call.cluster.id, () =>
        moveTo(call, volume, call.cluster.id, body.onRemoteAttached ?? 'fail'),
      ),
  )
  return ok(call)
}

const others = (call: Call) =>
  call.site.world.clusters
    .filter(({ id }) => id !== call.cluster.id)
    .map(({ id, name }) => ({ id: id.split('.')[1], location: id.split('.')[0], name }))

const volume = (call: Call) => findVolume(call, call.args[0] ?? '')
const snapshot = (call: Call) => findLiving(call, call.args[0] ?? '')
const one = { args: 1 }

export const elsewhereCalls: Queries = {
  ClustersList: get((call) => ({ clusters: others(call) })),
  SnapshotExport: post(Export, snapshotExport),
  SnapshotUnexport: post(Unexport, snapshotUnexport),
  ExportsList: get((call) => exportsOf(call, 'snapshot')),
  VolumeExportsList: get((call) => exportsOf(call, 'volume')),
  VolumeExport: post(
    Elsewhere,
    (call, body) => addExport(call, volume(call), clusterOf(call, body).name),
    one,
  ),
  VolumeMoveToRemote: post(Move, (call, body) => moveAway(call, () => volume(call), body), one),
  SnapshotMoveToRemote: post(Move, (call, body) => moveAway(call, () => snapshot(call), body), one),
  VolumeAcquire: post(Acquire, acquire, { args: 1, multi: true }),
}
