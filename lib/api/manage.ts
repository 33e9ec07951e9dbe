import * as z from 'zod'
import { SnapshotReference, VolumeReference } from '../driver/manage.ts'
import { manageSnapshot, manageVolume } from '../volumes/manage.ts'
import { type ManageablePage, manageableOf } from '../volumes/manageable.ts'
import { badRequest } from '../volumes/refusal.ts'
import { typeNames } from '../volumes/types.ts'
import type { BriefManageable, DetailedManageable } from './answers/manage.ts'
import { Bool, Metadata, texts, textsOf, Uuid } from './fields.ts'
import { pageOf } from './lists.ts'
import { type Call, type Route, route } from './route.ts'
import { snapshotView } from './views/snapshot.ts'
import { volumeView } from './views/volume.ts'

/** The first version that has the newer names. */
const NEWER = 8

const Dir = z.enum(['asc', 'desc'])
const Key = z.enum(['reference', 'size'])

/** `sort=size:asc,reference`, or the older `sort_key` and `sort_dir`. */
function sortOf({ query }: Pick<Call, 'query'>): Pick<ManageablePage, 'sort_keys' | 'sort_dirs'> {
  const keys = (query.sort ?? query.sort_key ?? 'reference').split(',').map((one) => one.trim().split(':'))
  const sort = z
    .array(z.tuple([Key, Dir]))
    .safeParse(keys.map(([key, dir]) => [key, dir ?? query.sort_dir ?? 'desc']))
  if (!sort.success) throw badRequest('Invalid sort keys provided: they are reference and size, asc or desc.')
  return { sort_keys: sort.data.map(([key]) => key), sort_dirs: sort.data.map(([, dir]) => dir) }
}

/** A marker is a reference, as Python or JSON writes it, or the name in it. */
const nameIn = (marker: string | undefined): string | undefined =>
  /'source-name': '([^']*)'|"source-name": ?"([^"]*)"/
    .exec(marker ?? '')
    ?.slice(1)
    .find(Boolean) ?? marker

const found = (call: Call, kind: 'volume' | 'snapshot'): Promise<DetailedManageable[]> => {
  const { host } = call.query
  if (!host) throw badRequest('One of host and cluster must be set: host, as there are no clusters here.')
  const { limit, offset, marker } = pageOf(call)
  return manageableOf(call.storage, kind, { host, limit, offset, marker: nameIn(marker), ...sortOf(call) })
}

const brief = ({
  reference,
  size,
  safe_to_manage,
  source_reference,
}: DetailedManageable): BriefManageable => ({
  ...{ reference, size, safe_to_manage },
  ...(source_reference && { source_reference }),
})

/** @see cinder/api/contrib/resource_common_manage.py */
const listsOf = (kind: 'volume' | 'snapshot', path: string, since: number): Route[] =>
  [path, `${path}/detail`].map((address) =>
    route({
      method: 'GET',
      path: address,
      summary: `List ${kind}s of a cluster that could be managed`,
      rule: 'manage:get',
      since,
      async run(call) {
        const entries = await found(call, kind)
        return { [`manageable-${kind}s`]: address === path ? entries.map(brief) : entries }
      },
    }),
  )

const own = { ...texts, metadata: Metadata.nullish() }

const VolumeBody = z.looseObject({
  volume: z.looseObject({
    ...own,
    host: z.string('is not text').min(1, 'is empty').max(255, 'is too long').nullish(),
    ref: VolumeReference,
    volume_type: z.string().max(255).nullish(),
    availability_zone: z.string().max(255).nullish(),
    bootable: Bool.nullish(),
  }),
})

/** @see cinder/api/contrib/volume_manage.py create */
const takeVolume = (path: string, since: number): Route =>
  route({
    method: 'POST',
    path,
    summary: 'Take a volume that is on a cluster under care',
    rule: 'manage:take',
    since,
    status: 202,
    body: VolumeBody,
    async run(call) {
      const { host, ref, volume_type, bootable, metadata, ...given } = call.body.volume
      if (!host) throw badRequest('One of host and cluster must be set: host, as there are no clusters here.')
      const volume = await manageVolume(call.storage, call.caller, {
        ...{ host, ref, ...textsOf(given), metadata: metadata ?? {} },
        type: volume_type ?? undefined,
        bootable: bootable ?? false,
      })
      return { volume: volumeView(call, volume, await typeNames(call.storage, [volume.typeId])) }
    },
  })

const SnapshotBody = z.looseObject({
  snapshot: z.looseObject({ ...own, volume_id: Uuid, ref: SnapshotReference }),
})

/** @see cinder/api/contrib/snapshot_manage.py create */
const takeSnapshot = (path: string, since: number): Route =>
  route({
    method: 'POST',
    path,
    summary: 'Take a snapshot that is on a cluster under care',
    rule: 'manage:take',
    since,
    status: 202,
    body: SnapshotBody,
    async run(call) {
      const { volume_id: volumeId, ref, metadata, ...given } = call.body.snapshot
      const snapshot = await manageSnapshot(call.storage, call.caller, {
        ...{ volumeId, ref, ...textsOf(given), metadata: metadata ?? {} },
      })
      return { snapshot: snapshotView(call, snapshot) }
    },
  })

/** Under the newer names, and under those that are always there. */
export const manageRoutes: readonly Route[] = [
  ...listsOf('volume', 'manageable_volumes', NEWER),
  takeVolume('manageable_volumes', NEWER),
  ...listsOf('volume', 'os-volume-manage', 0),
  takeVolume('os-volume-manage', 0),
  ...listsOf('snapshot', 'manageable_snapshots', NEWER),
  takeSnapshot('manageable_snapshots', NEWER),
  ...listsOf('snapshot', 'os-snapshot-manage', 0),
  takeSnapshot('os-snapshot-manage', 0),
]
