import * as z from 'zod'
import { amend, begin } from '../volumes/begin.ts'
import { createVolume } from '../volumes/create.ts'
import { checkCascade, checkDeletable } from '../volumes/delete.ts'
import { findVolume } from '../volumes/find.ts'
import { badRequest, notFound } from '../volumes/refusal.ts'
import { typeNames } from '../volumes/types.ts'
import { Bool, Metadata, newTexts, Size, texts, textsOf } from './fields.ts'
import { listPage } from './lists.ts'
import { metadataRoutes } from './metadata.ts'
import { type Route, route } from './route.ts'
import { briefVolume, detailedVolume, volumeView } from './views/volume.ts'
import { listingWith } from './volume-list.ts'

const newVolume = {
  ...texts,
  metadata: Metadata.nullish(),
  size: Size.nullish(),
  volume_type: z.string().max(255).nullish(),
  availability_zone: z.string().max(255).nullish(),
  snapshot_id: z.string().nullish(),
  source_volid: z.string().nullish(),
  imageRef: z.string().nullish(),
  image_id: z.string().nullish(),
  multiattach: Bool.nullish(),
  consistencygroup_id: z.string().nullish(),
}

/** Older clients send keys that nobody reads: from 3.53 they are refused. */
const CreateBody = (version: number) => {
  const since = {
    ...newVolume,
    ...(version >= 13 && { group_id: z.string().nullish() }),
    ...(version >= 47 && { backup_id: z.string().nullish() }),
  }
  const volume = version >= 53 ? z.strictObject(since) : z.looseObject(since)
  const hints = {
    'OS-SCH-HNT:scheduler_hints': z.looseObject({}).nullish(),
    scheduler_hints: z.looseObject({}).nullish(),
  }
  const body = version >= 53 ? z.strictObject({ volume, ...hints }) : z.looseObject({ volume, ...hints })
  return body
}

const create = route({
  method: 'POST',
  path: 'volumes',
  summary: 'Create a volume: empty, from a snapshot, another volume, an image or a backup',
  rule: 'volume:create',
  status: 202,
  body: CreateBody,
  async run(call) {
    const { storage, caller, body } = call
    const asked = body.volume
    if (asked.multiattach) {
      throw badRequest(
        'multiattach parameter has been removed. The default behavior is to use multiattach enabled volume types.',
      )
    }
    const volume = await createVolume(storage, caller, {
      size: asked.size ?? undefined,
      ...textsOf(asked),
      metadata: asked.metadata ?? {},
      type: asked.volume_type ?? undefined,
      zone: asked.availability_zone ?? undefined,
      snapshotId: asked.snapshot_id ?? undefined,
      sourceVolid: asked.source_volid ?? undefined,
      imageRef: asked.imageRef ?? asked.image_id ?? undefined,
    })
    return { volume: volumeView(call, volume, await typeNames(storage, [volume.typeId])) }
  },
})

const list = route({
  method: 'GET',
  path: 'volumes',
  summary: 'List volumes: ids and names',
  rule: 'volume:get',
  async run(call) {
    const { page, extra } = await listPage(
      call,
      call.storage.volumes,
      listingWith(await typeNames(call.storage)),
    )
    return { volumes: page.map((volume) => briefVolume(call, volume)), ...extra }
  },
})

const detail = route({
  method: 'GET',
  path: 'volumes/detail',
  summary: 'List volumes with all that is known of them',
  rule: 'volume:get',
  async run(call) {
    const { page, extra } = await listPage(
      call,
      call.storage.volumes,
      listingWith(await typeNames(call.storage)),
    )
    const types = await typeNames(
      call.storage,
      page.map(({ typeId }) => typeId),
    )
    return { volumes: page.map((volume) => detailedVolume(call, volume, types)), ...extra }
  },
})

const summary = route({
  method: 'GET',
  path: 'volumes/summary',
  summary: 'How many volumes there are, and how large together',
  rule: 'volume:get',
  since: 12,
  async run(call) {
    const { page } = { page: await call.storage.volumes.all(call.caller.project) }
    const pairs = new Map<string, Set<string>>()
    for (const { metadata } of page) {
      for (const [key, value] of Object.entries(metadata))
        pairs.set(key, (pairs.get(key) ?? new Set()).add(value))
    }
    return {
      'volume-summary': {
        total_count: page.length,
        total_size: page.reduce((sum, { size }) => sum + size, 0),
        ...(call.version >= 36 && {
          metadata: Object.fromEntries([...pairs].map(([key, values]) => [key, [...values]])),
        }),
      },
    }
  },
})

const show = route({
  method: 'GET',
  path: 'volumes/{id}',
  summary: 'Show a volume',
  rule: 'volume:get',
  async run(call) {
    const { storage, caller, path } = call
    const volume = await findVolume(storage, caller, path.id ?? '')
    return { volume: detailedVolume(call, volume, await typeNames(storage, [volume.typeId])) }
  },
})

const UpdateBody = (version: number) => {
  const fields = { ...texts, metadata: Metadata.nullish() }
  const volume = version >= 53 ? z.strictObject(fields) : z.looseObject(fields)
  return z.looseObject({
    volume: volume.refine(
      (given) => version < 53 || Object.keys(given).length > 0,
      'must have at least one of its keys',
    ),
  })
}

const update = route({
  method: 'PUT',
  path: 'volumes/{id}',
  summary: 'Change the name, the description or the metadata of a volume',
  rule: 'volume:update',
  body: UpdateBody,
  async run(call) {
    const { storage, caller, path, body } = call
    const { metadata } = body.volume
    const volume = await amend(storage, caller, path.id ?? '', (now) => ({
      ...now,
      ...newTexts(body.volume),
      ...(metadata && { metadata }),
    }))
    return { volume: volumeView(call, volume, await typeNames(storage, [volume.typeId])) }
  },
})

const DeleteQuery = z.looseObject({ cascade: Bool.optional(), force: Bool.optional() })

const remove = route({
  method: 'DELETE',
  path: 'volumes/{id}',
  summary: 'Delete a volume, with cascade=true its snapshots too',
  rule: 'volume:delete',
  status: 202,
  query: DeleteQuery,
  async run({ storage, caller, path, query, version }) {
    const force = version >= 23 && query.force === true
    if (force && caller.role !== 'admin') throw notFound('Volume', path.id ?? '')
    const cascade = query.cascade === true
    if (cascade) await checkCascade(storage, caller, await findVolume(storage, caller, path.id ?? ''))
    await begin(storage, caller, path.id ?? '', {
      action: 'delete',
      input: { cascade },
      working: 'deleting',
      check: (volume) => checkDeletable(volume, { force, cascade }),
    })
    return undefined
  },
})

export const volumeRoutes: readonly Route[] = [
  create,
  list,
  detail,
  summary,
  show,
  update,
  remove,
  ...metadataRoutes('volumes', 'volume', {
    read: async ({ storage, caller, path }) => (await findVolume(storage, caller, path.id ?? '')).metadata,
    write: async ({ storage, caller, path }, next) =>
      (await amend(storage, caller, path.id ?? '', (now) => ({ ...now, metadata: next(now.metadata) })))
        .metadata,
  }),
]
