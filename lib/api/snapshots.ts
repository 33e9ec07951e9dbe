import * as z from 'zod'
import { findSnapshot } from '../volumes/find.ts'
import type { SnapshotRecord } from '../volumes/record.ts'
import { badRequest, notFound } from '../volumes/refusal.ts'
import { amendSnapshot, createSnapshot, letGoOfSnapshot } from '../volumes/snapshots.ts'
import { Bool, Metadata, newTexts, texts, textsOf, Uuid } from './fields.ts'
import { hasPairs, text } from './filters.ts'
import { type Listing, listPage } from './lists.ts'
import { metadataRoutes } from './metadata.ts'
import { type Route, route } from './route.ts'
import { snapshotActionRoutes } from './snapshot-action.ts'
import { briefSnapshot, detailedSnapshot, snapshotView } from './views/snapshot.ts'

/** From here on a volume in use is as good as one that is not, and nobody has to insist. */
const IN_USE_ANYWAY = 66

const CreateBody = (version: number) =>
  z.looseObject({
    snapshot: z.looseObject({
      ...texts,
      volume_id: Uuid.nullable(),
      force:
        version < IN_USE_ANYWAY
          ? Bool.nullish()
          : Bool.refine((force) => force, 'must be true, or left out').nullish(),
      metadata: Metadata.nullish(),
    }),
  })

const create = route({
  method: 'POST',
  path: 'snapshots',
  summary: 'Take a snapshot of a volume',
  rule: 'snapshot:create',
  status: 202,
  body: CreateBody,
  async run(call) {
    const { storage, caller, version, body } = call
    const { volume_id, force, metadata, ...given } = body.snapshot
    if (volume_id === null) throw notFound('Volume', 'None')
    const snapshot = await createSnapshot(storage, caller, {
      volumeId: volume_id,
      ...textsOf(given),
      metadata: metadata ?? {},
      inUse: force === true || version >= IN_USE_ANYWAY,
    })
    return { snapshot: snapshotView(call, snapshot) }
  },
})

const listing: Listing<SnapshotRecord> = {
  name: 'snapshots',
  links: 'snapshots_links',
  what: 'Snapshot',
  sortKeys: {
    id: (one) => one.id,
    status: (one) => one.status,
    name: (one) => one.name,
    description: (one) => one.description,
    volume_id: (one) => one.volumeId,
    volume_size: (one) => one.size,
    size: (one) => one.size,
    created_at: (one) => one.createdAt,
    updated_at: (one) => one.updatedAt,
    project_id: (one) => one.project,
    user_id: (one) => one.user,
  },
  filters: {
    id: (one, value) => one.id === value,
    name: (one, value) => one.name === value,
    status: (one, value) => one.status === value,
    volume_id: (one, value) => one.volumeId === value,
    metadata: (one, value) => hasPairs(one.metadata, value),
    size: (one, value) => text(one.size) === value,
    user_id: (one, value) => one.user === value,
    project_id: (one, value) => one.project === value,
  },
}

const list = route({
  method: 'GET',
  path: 'snapshots',
  summary: 'List snapshots',
  rule: 'snapshot:get',
  async run(call) {
    const { page, extra } = await listPage(call, call.storage.snapshots, listing)
    return { snapshots: page.map(briefSnapshot), ...extra }
  },
})

const detail = route({
  method: 'GET',
  path: 'snapshots/detail',
  summary: 'List snapshots with all that is known of them',
  rule: 'snapshot:get',
  async run(call) {
    const { page, extra } = await listPage(call, call.storage.snapshots, listing)
    return { snapshots: page.map((snapshot) => detailedSnapshot(call, snapshot)), ...extra }
  },
})

const show = route({
  method: 'GET',
  path: 'snapshots/{id}',
  summary: 'Show a snapshot',
  rule: 'snapshot:get',
  async run(call) {
    const snapshot = await findSnapshot(call.storage, call.caller, call.path.id ?? '')
    return { snapshot: detailedSnapshot(call, snapshot) }
  },
})

const update = route({
  method: 'PUT',
  path: 'snapshots/{id}',
  summary: 'Change the name or the description of a snapshot',
  rule: 'snapshot:update',
  body: z.looseObject({ snapshot: z.strictObject(texts) }),
  async run(call) {
    const { storage, caller, path, body } = call
    if (Object.keys(body.snapshot).length === 0) throw badRequest('Missing request body')
    const snapshot = await amendSnapshot(storage, caller, path.id ?? '', (now) => ({
      ...now,
      ...newTexts(body.snapshot),
    }))
    return { snapshot: snapshotView(call, snapshot) }
  },
})

const remove = route({
  method: 'DELETE',
  path: 'snapshots/{id}',
  summary: 'Delete a snapshot',
  rule: 'snapshot:delete',
  status: 202,
  async run({ storage, caller, path }) {
    await letGoOfSnapshot(storage, caller, path.id ?? '', { action: 'delete', working: 'deleting' })
    return undefined
  },
})

export const snapshotRoutes: readonly Route[] = [
  create,
  list,
  detail,
  show,
  update,
  remove,
  ...snapshotActionRoutes,
  ...metadataRoutes('snapshots', 'snapshot', {
    read: async ({ storage, caller, path }) => (await findSnapshot(storage, caller, path.id ?? '')).metadata,
    write: async ({ storage, caller, path }, next) =>
      (
        await amendSnapshot(storage, caller, path.id ?? '', (now) => ({
          ...now,
          metadata: next(now.metadata),
        }))
      ).metadata,
  }),
]
