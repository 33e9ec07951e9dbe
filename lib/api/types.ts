import * as z from 'zod'
import { changeType, createType, deleteType } from '../volumes/manage-types.ts'
import type { TypeRecord } from '../volumes/record.ts'
import { badRequest, notFound } from '../volumes/refusal.ts'
import { allTypes, defaultType, findType } from '../volumes/types.ts'
import { Bool, Description } from './fields.ts'
import { type Listing, listOf } from './lists.ts'
import { type Route, route } from './route.ts'
import { typeAccessRoutes } from './type-access.ts'
import { Specs, typeSpecRoutes } from './type-specs.ts'
import { typeView, updatedType } from './views/type.ts'

const Name = z.string().trim().min(1, 'is empty').max(255, 'is too long')

const CreateBody = z.looseObject({
  volume_type: z.looseObject({
    name: Name,
    description: Description.optional(),
    'os-volume-type-access:is_public': Bool.default(true),
    extra_specs: Specs.nullish(),
  }),
})

const UpdateBody = z.looseObject({
  volume_type: z.looseObject({
    name: Name.nullish(),
    description: Description.optional(),
    is_public: Bool.optional(),
  }),
})

const listing: Listing<TypeRecord> = {
  name: 'types',
  links: 'volume_type_links',
  what: 'Volume type',
  sortKeys: {
    id: ({ id }) => id,
    name: ({ name }) => name,
    is_public: ({ isPublic }) => isPublic,
    created_at: ({ createdAt }) => createdAt,
    updated_at: ({ updatedAt }) => updatedAt,
  },
  filters: {
    name: (type, value) => type.name === value,
    is_public: (type, value) => value === 'None' || String(type.isPublic) === value.toLowerCase(),
    extra_specs: (type, value) =>
      [...value.matchAll(/'([^']*)'\s*:\s*u?'([^']*)'/g)].every(
        ([, key = '', spec]) => type.extraSpecs[key] === spec,
      ),
    description: (type, value) => type.description === value,
  },
}

const list = route({
  method: 'GET',
  path: 'types',
  summary: 'List the types that volumes can be of',
  rule: 'type:get',
  async run(call) {
    const { caller, storage, query } = call
    const isAdmin = caller.role === 'admin'
    const all = await allTypes(storage)
    const asked = isAdmin ? query.is_public : undefined
    const mine = all.filter((type) =>
      asked === undefined ? type.isPublic || (!isAdmin && type.projects.includes(caller.project)) : true,
    )
    const { page, extra } = listOf(call, mine, listing)
    return { volume_types: page.map((type) => typeView(caller, type)), ...extra }
  },
})

const create = route({
  method: 'POST',
  path: 'types',
  summary: 'Create a type',
  rule: 'type:manage',
  body: CreateBody,
  async run({ storage, caller, body }) {
    const asked = body.volume_type
    const type = await createType(storage, {
      name: asked.name,
      description: asked.description ?? null,
      isPublic: asked['os-volume-type-access:is_public'],
      extraSpecs: asked.extra_specs ?? {},
    })
    return { volume_type: typeView(caller, type, { created: true }) }
  },
})

const showDefault = route({
  method: 'GET',
  path: 'types/default',
  summary: 'Show the type of volumes that name none',
  rule: 'type:get',
  run: async ({ storage, caller }) => ({ volume_type: typeView(caller, await defaultType(storage, caller)) }),
})

const show = route({
  method: 'GET',
  path: 'types/{id}',
  summary: 'Show a type',
  rule: 'type:get',
  run: async ({ storage, caller, path }) => ({
    volume_type: typeView(caller, await findType(storage, caller, path.id ?? '')),
  }),
})

const update = route({
  method: 'PUT',
  path: 'types/{id}',
  summary: 'Change the name, the description or the visibility of a type',
  rule: 'type:manage',
  body: UpdateBody,
  async run({ storage, caller, path, body }) {
    const { name, description, is_public } = body.volume_type
    // As everywhere in this call, null is what clients send for what is to stay.
    if (name == null && description == null && is_public === undefined) {
      throw badRequest('Specify volume type name, description, is_public or a combination thereof.')
    }
    const { id } = await findType(storage, caller, path.id ?? '')
    const type = await changeType(storage, id, (now) => ({
      ...now,
      ...(name != null && { name }),
      ...(description != null && { description }),
      ...(is_public !== undefined && { isPublic: is_public }),
    }))
    return { volume_type: updatedType(type) }
  },
})

const remove = route({
  method: 'DELETE',
  path: 'types/{id}',
  summary: 'Delete a type that no volume is of',
  rule: 'type:manage',
  status: 202,
  async run({ storage, caller, path }) {
    await deleteType(storage, caller, path.id ?? '')
    return undefined
  },
})

/** Encryption of types is not done here: that there is none is answered, as clients ask. */
const encryption = route({
  method: 'GET',
  path: 'types/{id}/encryption',
  summary: 'How volumes of a type are encrypted: not at all',
  rule: 'type:get',
  async run({ storage, caller, path }) {
    await findType(storage, caller, path.id ?? '')
    return {}
  },
})

const encrypt = route({
  method: 'POST',
  path: 'types/{id}/encryption',
  summary: 'Refused: volumes are not encrypted here',
  rule: 'type:manage',
  async run({ storage, caller, path }) {
    const { id } = await findType(storage, caller, path.id ?? '')
    throw notFound('Encryption of volumes is not done here: none of type', id)
  },
})

export const typeRoutes: readonly Route[] = [
  list,
  create,
  showDefault,
  show,
  update,
  remove,
  encryption,
  encrypt,
  ...typeSpecRoutes,
  ...typeAccessRoutes,
]
