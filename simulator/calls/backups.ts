import * as z from 'zod'
import {
  ClusterName,
  GlobalId,
  PlacementGroupName,
  Replication,
  Seconds,
  TemplateName,
  VolumeName,
  VolumeRef,
} from '../../lib/storpool/schema/values.ts'
import { tags } from '../bodies.ts'
import { type Call, get, ok, post, type Queries } from '../call.ts'
import { contentsOf } from '../contents.ts'
import { invalid, missing, taken } from '../errors.ts'
import { checkFree, findVolume } from '../lookup.ts'
import { atPointInTime, make, makeSnapshot, writeTags } from '../make.ts'
import { place } from '../placement.ts'
import type { Thing } from '../records.ts'
import { shownName } from '../views.ts'
import { farAway } from '../world.ts'

/** @see python-storpool 7.3.0, sptypes.py: the descriptions of the same names */
const Backup = z.strictObject({ volume: VolumeRef, location: ClusterName, tags })
const GroupBackup = z.strictObject({ volumes: z.array(VolumeRef).min(1), location: ClusterName, tags })
const FromRemote = z.strictObject({
  remoteLocation: ClusterName,
  remoteId: GlobalId,
  name: VolumeName.optional(),
  placeAll: PlacementGroupName.optional(),
  placeTail: PlacementGroupName.optional(),
  placeHead: PlacementGroupName.optional(),
  replication: Replication.optional(),
  template: TemplateName.optional(),
  export: z.boolean().optional(),
  tags,
})
type FromRemote = z.infer<typeof FromRemote>
const RemoteUnexport = z.strictObject({
  remoteSnapshots: z.array(
    z.strictObject({
      location: ClusterName,
      globalSnapshotId: GlobalId,
      targetDeleteDate: Seconds.optional(),
      deleteAfter: Seconds.optional(),
    }),
  ),
})

export const checkLocation = (name: string) => {
  if (name !== farAway.name) throw missing('Location', name)
}

const farSnapshot = (call: Call, gid: string): Thing => {
  const found = call.site.world.things.get(gid)
  if (found?.cluster !== farAway.cluster) throw missing('Remote snapshot', gid)
  return found
}

/** Snapshots of all the volumes at one point in time, and their copies far away. */
const backUp = (call: Call, refs: readonly string[], written: Record<string, string> | undefined) =>
  atPointInTime(
    call,
    () => refs.map((ref) => findVolume(call, ref)),
    (contents) =>
      call.site.world.change(call.cluster.id, () =>
        refs.map((ref) => {
          const volume = findVolume(call, ref)
          const snapshot = makeSnapshot(call, volume, contents(volume), { bound: true })
          const { size, template, policy, pinned } = snapshot
          const remote = make(call, {
            ...{ kind: 'snapshot', cluster: farAway.cluster, size, template, policy, pinned },
            ...contentsOf(snapshot),
            name: shownName(volume),
            from: volume.gid,
            fromId: volume.id,
            tags: writeTags('replace', {}, written),
          })
          return { ref, snapshot, remote }
        }),
      ),
  )

const volumeBackup = async (call: Call, body: z.infer<typeof Backup>) => {
  checkLocation(body.location)
  const [made] = await backUp(call, [body.volume], body.tags)
  return ok(call, made === undefined ? {} : { autoName: made.snapshot.name, remoteId: made.remote.gid })
}

const groupBackup = async (call: Call, body: z.infer<typeof GroupBackup>) => {
  checkLocation(body.location)
  if (new Set(body.volumes).size < body.volumes.length) throw invalid('A volume is named twice')
  const made = await backUp(call, body.volumes, body.tags)
  const backups = made.map(({ ref, snapshot, remote }) => [
    ref,
    { remoteId: remote.gid, snapshotGlobalId: snapshot.gid },
  ])
  return ok(call, { backups: Object.fromEntries(backups) })
}

const localCopy = (call: Call, remoteId: string) => {
  for (const thing of call.site.world.things.values()) {
    if (thing.remoteId === remoteId && thing.cluster === call.cluster.id && !thing.deleted) return thing
  }
  return undefined
}

const remoteList = (call: Call) => {
  const { world } = call.site
  const found = [...world.things.values()].filter(({ cluster }) => cluster === farAway.cluster)
  const snapshots = found.map((remote) => {
    const volume = world.things.get(remote.from)
    const copy = localCopy(call, remote.gid)
    return {
      name: remote.name,
      location: farAway.name,
      creationTimestamp: remote.created,
      size: remote.size,
      remoteId: remote.gid,
      ...(volume === undefined ? {} : { onVolume: shownName(volume) }),
      ...(copy === undefined ? {} : { localSnapshot: shownName(copy) }),
      ...(Object.keys(remote.tags).length > 0 ? { tags: remote.tags } : {}),
      createdFromGlobalId: remote.from,
      createdFromVisibleVolumeId: remote.fromId,
    }
  })
  return { snapshots }
}

const fromRemote = (call: Call, kind: Thing['kind'], body: FromRemote) => {
  checkLocation(body.remoteLocation)
  const remote = farSnapshot(call, body.remoteId)
  if (kind === 'volume' && body.name === undefined) throw invalid('Missing "name"')
  if (body.name !== undefined) checkFree(call, body.name)
  if (kind === 'snapshot' && localCopy(call, remote.gid) !== undefined) throw taken('Snapshot', remote.gid)
  const cluster = call.cluster.id
  const made = call.site.world.change(cluster, () =>
    make(call, {
      ...{
        kind,
        cluster,
        size: remote.size,
        ...place(call, body, undefined, cluster),
        ...contentsOf(remote),
      },
      name: body.name ?? (kind === 'snapshot' ? `remote@${remote.id}` : ''),
      autoName: body.name === undefined,
      tags: writeTags('replace', {}, body.tags),
      remoteId: kind === 'snapshot' ? remote.gid : '',
      backup: false,
    }),
  )
  return ok(call, kind === 'snapshot' ? { snapshotGlobalId: made.gid } : { globalId: made.gid })
}

/** The far end deletes what nobody is going to use: at once, or at the date. */
const remoteUnexport = (call: Call, body: z.infer<typeof RemoteUnexport>) => {
  const { world, seconds } = call.site
  world.change(call.cluster.id, () => {
    for (const {
      location,
      globalSnapshotId,
      targetDeleteDate = 0,
      deleteAfter = 0,
    } of body.remoteSnapshots) {
      checkLocation(location)
      const remote = farSnapshot(call, globalSnapshotId)
      const deleteDate = deleteAfter > 0 ? seconds() + deleteAfter : targetDeleteDate
      if (deleteDate === 0) world.things.drop(remote.gid)
      else world.things.put(remote.gid, { ...remote, deleteDate })
    }
  })
  call.site.lifecycle.arm()
  return ok(call)
}

const locations = [{ id: farAway.id, name: farAway.name, sendBufferSize: 0, recvBufferSize: 0 }]

export const backupCalls: Queries = {
  LocationsList: get(() => ({ locations })),
  VolumeBackup: post(Backup, volumeBackup, { multi: true }),
  VolumesGroupBackup: post(GroupBackup, groupBackup, { multi: true }),
  SnapshotsRemoteList: get(remoteList),
  VolumesRemoteList: get(() => ({ volumes: [] })),
  SnapshotFromRemote: post(FromRemote, (call, body) => fromRemote(call, 'snapshot', body)),
  VolumeFromRemote: post(FromRemote, (call, body) => fromRemote(call, 'volume', body)),
  SnapshotsRemoteUnexport: post(RemoteUnexport, remoteUnexport),
}
