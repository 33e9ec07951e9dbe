import type * as z from 'zod'
import * as bodies from '../bodies.ts'
import { type Call, get, ok, post, type Queries } from '../call.ts'
import { busy, invalid, missing } from '../errors.ts'
import { checkFree, findLiving, findSnapshot, findVolume, whenFree } from '../lookup.ts'
import { atPointInTime, makeSnapshot, writeTags } from '../make.ts'
import { place } from '../placement.ts'
import type { Thing } from '../records.ts'
import { distribution, shownName, summary } from '../views.ts'
import { rebase } from './volume-change.ts'
import { describeObject, listed } from './volumes.ts'

type Deletion = { readonly targetDeleteDate?: number | undefined; readonly deleteAfter?: number | undefined }

/** When a snapshot is to delete itself, in Unix seconds; 0 for never, nothing when the body does not say. */
const deleteDate = (call: Call, { targetDeleteDate, deleteAfter }: Deletion): number | undefined => {
  const now = call.site.seconds()
  if (deleteAfter !== undefined && targetDeleteDate !== undefined) {
    throw invalid('"targetDeleteDate" and "deleteAfter" exclude each other')
  }
  if (deleteAfter !== undefined) return deleteAfter === 0 ? 0 : now + deleteAfter
  if (targetDeleteDate !== undefined && targetDeleteDate !== 0 && targetDeleteDate < now) {
    throw invalid('Invalid value of "targetDeleteDate": it is in the past')
  }
  return targetDeleteDate
}

const one = (call: Call) => findSnapshot(call, call.args[0] ?? '')
const living = (call: Call) => findLiving(call, call.args[0] ?? '')
const shown = (call: Call) => summary(call.site.world, one(call), call.multi)

/** @see python-storpool 7.3.0, sptypes.py `VolumeSnapshotDesc`, spapi.py `ApiOkSnapshotCreate` */
const volumeSnapshot = async (call: Call, body: bodies.VolumeSnapshot) => {
  const { world } = call.site
  const read = () => {
    const volume = findVolume(call, call.args[0] ?? '')
    if (body.name !== undefined && body.name !== '') checkFree(call, body.name)
    return [volume]
  }
  const date = deleteDate(call, body) ?? 0
  const snapshot = await atPointInTime(call, read, (contents) =>
    world.change(call.cluster.id, () => {
      const volume = findVolume(call, call.args[0] ?? '')
      return makeSnapshot(call, volume, contents(volume), {
        name: body.name ?? '',
        bound: body.bind ?? false,
        tags: writeTags('replace', {}, body.tags),
        deleteDate: date,
      })
    }),
  )
  call.site.lifecycle.arm()
  return ok(call, {
    ...(snapshot.autoName ? { autoName: snapshot.name } : {}),
    snapshotGlobalId: snapshot.gid,
    snapshotVisibleVolumeId: snapshot.id,
  })
}

/** @see python-storpool 7.3.0, sptypes.py `GroupSnapshotsSpec`, `GroupSnapshotResult` */
const volumesGroupSnapshot = async (call: Call, body: z.infer<typeof bodies.VolumesGroupSnapshot>) => {
  const { world } = call.site
  const read = () => {
    const volumes = body.volumes.map(({ volume }) => findVolume(call, volume))
    if (new Set(volumes.map(({ gid }) => gid)).size < volumes.length) {
      throw invalid('Invalid value of "volumes": a volume is named twice')
    }
    const names = body.volumes.flatMap(({ name }) => (name === undefined || name === '' ? [] : [name]))
    if (new Set(names).size < names.length) throw invalid('Invalid value of "volumes": a name is given twice')
    for (const name of names) checkFree(call, name)
    return volumes
  }
  const snapshots = await atPointInTime(call, read, (contents) =>
    world.change(call.cluster.id, () =>
      body.volumes.map(({ volume: ref, name = '', tags }) => {
        const volume = findVolume(call, ref)
        const all = { ...body.tags, ...tags }
        const snapshot = makeSnapshot(call, volume, contents(volume), {
          name,
          tags: writeTags('replace', {}, all),
        })
        return {
          volume: shownName(volume),
          volumeGlobalId: volume.gid,
          snapshot: snapshot.name,
          remoteId: snapshot.gid,
          snapshotGlobalId: snapshot.gid,
        }
      }),
    ),
  )
  return { snapshots }
}

/** @see python-storpool 7.3.0, sptypes.py `SnapshotUpdateDesc` */
const snapshotUpdate = async (call: Call, body: z.infer<typeof bodies.SnapshotUpdate>) => {
  const { world, knobs } = call.site
  const date = deleteDate(call, body)
  await whenFree(
    call,
    () => [living(call)],
    ([snapshot = living(call)]) =>
      world.change(call.cluster.id, () => {
        const rename = body.rename ?? ''
        if (rename !== '') checkFree(call, rename, snapshot)
        world.things.put(snapshot.gid, {
          ...snapshot,
          ...place(call, body, snapshot, snapshot.cluster),
          name: rename === '' ? snapshot.name : rename,
          autoName: snapshot.autoName && rename === '',
          transient: snapshot.transient && rename === '',
          bound: body.bind ?? snapshot.bound,
          deleteDate: date ?? snapshot.deleteDate,
          tags: writeTags(knobs.tagsMode, snapshot.tags, body.tags),
        })
      }),
  )
  call.site.lifecycle.arm()
  return ok(call)
}

/** Refuse what must not be deleted. */
const checkDelete = (call: Call, snapshot: Thing) => {
  const { world, knobs } = call.site
  const [holder] = world.attachmentsOf(snapshot.gid)
  if (holder !== undefined) {
    throw busy(`Snapshot "${shownName(snapshot)}" is attached at client ${holder.client}`)
  }
  const clones = [...world.childrenOf(snapshot.gid)].filter((gid) => gid !== snapshot.from)
  if (knobs.snapshotDeleteWithChildren === 'busy' && clones.length > 0) {
    throw busy(`Snapshot "${shownName(snapshot)}" has children`)
  }
}

/** Accepted at once; done in the background. */
const deleteSnapshot = async (call: Call, find: () => Thing) => {
  await whenFree(
    call,
    () => [find()],
    ([snapshot = find()]) => {
      checkDelete(call, snapshot)
      call.site.world.change(call.cluster.id, () => call.site.lifecycle.begin(snapshot))
    },
  )
  return ok(call)
}

/** The older form: a bare global id. */
const byGlobalId = (call: Call): Thing => {
  const [gid = ''] = call.args
  const snapshot = call.site.world.things.get(gid)
  if (snapshot?.kind !== 'snapshot' || snapshot.cluster !== call.cluster.id || snapshot.deleted) {
    throw missing('Snapshot', gid)
  }
  return snapshot
}

/** Turn a volume into a snapshot, in place. */
const volumeFreeze = async (call: Call, body: z.infer<typeof bodies.VolumeFreeze>) => {
  const { world } = call.site
  const date = deleteDate(call, body) ?? 0
  await whenFree(
    call,
    () => [findVolume(call, call.args[0] ?? '')],
    ([volume = findVolume(call, call.args[0] ?? '')]) =>
      world.change(call.cluster.id, () => {
        const [holder] = world.attachmentsOf(volume.gid)
        if (holder !== undefined)
          throw busy(`Volume "${call.args[0]}" is attached at client ${holder.client}`)
        world.things.put(volume.gid, { ...volume, kind: 'snapshot', deleteDate: date })
      }),
  )
  call.site.lifecycle.arm()
  return ok(call)
}

const named = { args: 1, multi: true }

export const snapshotCalls: Queries = {
  SnapshotsList: get((call) => listed(call, 'snapshot').map((s) => summary(call.site.world, s, call.multi)), {
    multi: true,
  }),
  Snapshot: get((call) => [shown(call)], named),
  SnapshotGetInfo: get((call) => ({ ...shown(call), ...distribution(call, one(call)) }), named),
  SnapshotDescribe: get((call) => describeObject(call, one(call)), named),
  VolumeSnapshot: post(bodies.VolumeSnapshot, volumeSnapshot, named),
  VolumesGroupSnapshot: post(bodies.VolumesGroupSnapshot, volumesGroupSnapshot, { multi: true }),
  SnapshotUpdate: post(bodies.SnapshotUpdate.default({}), snapshotUpdate, { args: 1 }),
  SnapshotDelete: post(bodies.Nothing, (call) => deleteSnapshot(call, () => living(call)), named),
  SnapshotDeleteById: post(bodies.Nothing, (call) => deleteSnapshot(call, () => byGlobalId(call)), {
    args: 1,
  }),
  SnapshotRebase: post(bodies.Rebase, (call, body) => rebase(call, living, body), { args: 1 }),
  VolumeFreeze: post(bodies.VolumeFreeze, volumeFreeze, named),
}
