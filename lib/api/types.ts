import * as z from 'zod'
import { changeType, createType, deleteType, refuseUsed } from '../volumes/manage-types.ts'
import type { TypeRecord } from '../volumes/record.ts'
import { badRequest, conflict, notFound } from '../volumes/refusal.ts'
import { allTypes, defaultType, findType } from '../volumes/types.ts'
import { Bool, Description, SpecName } from './fields.ts'
import { type Listing, listOf } from './lists.ts'
import { type Route, route } from './route.ts'
import { typeView, updatedType } from './views/type.ts'

const Name = z.string().trim().min(1, 'is empty').max(255, 'is too long')
const Specs = z.record(SpecName, z.string('is not text').max(255, 'is too long'))

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

const noSpec = (id: string, key: string) => notFound(`Volume Type ${id} has no extra specs with key`, key)

const specRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: 'types/{id}/extra_specs',
    summary: 'Show the extra specs of a type',
    rule: 'type:get',
    run: async ({ storage, caller, path }) => ({
      extra_specs: typeView(caller, await findType(storage, caller, path.id ?? '')).extra_specs,
    }),
  }),
  route({
    method: 'POST',
    path: 'types/{id}/extra_specs',
    summary: 'Set extra specs of a type',
    rule: 'type:manage',
    body: z.looseObject({ extra_specs: Specs }),
    async run({ storage, caller, path, body }) {
      const { id } = await findType(storage, caller, path.id ?? '')
      await refuseUsed(storage, id)
      await changeType(storage, id, (now) => ({
        ...now,
        extraSpecs: { ...now.extraSpecs, ...body.extra_specs },
      }))
      return { extra_specs: body.extra_specs }
    },
  }),
  route({
    method: 'GET',
    path: 'types/{id}/extra_specs/{key}',
    summary: 'Show one extra spec of a type',
    rule: 'type:get',
    async run({ storage, caller, path: { id = '', key = '' } }) {
      const { extra_specs } = typeView(caller, await findType(storage, caller, id))
      if (!Object.hasOwn(extra_specs, key)) throw noSpec(id, key)
      return { [key]: extra_specs[key] }
    },
  }),
  route({
    method: 'PUT',
    path: 'types/{id}/extra_specs/{key}',
    summary: 'Set one extra spec of a type',
    rule: 'type:manage',
    body: Specs,
    async run({ storage, caller, path, body }) {
      const { key = '' } = path
      if (!Object.hasOwn(body, key)) throw badRequest('Request body and URI mismatch')
      if (Object.keys(body).length > 1) throw badRequest('Request body contains too many items')
      const { id } = await findType(storage, caller, path.id ?? '')
      await refuseUsed(storage, id)
      await changeType(storage, id, (now) => ({ ...now, extraSpecs: { ...now.extraSpecs, ...body } }))
      return body
    },
  }),
  route({
    method: 'DELETE',
    path: 'types/{id}/extra_specs/{key}',
    summary: 'Take an extra spec from a type',
    rule: 'type:manage',
    status: 202,
    async run({ storage, caller, path }) {
      const { key = '' } = path
      const { id, extraSpecs } = await findType(storage, caller, path.id ?? '')
      if (!Object.hasOwn(extraSpecs, key)) throw noSpec(id, key)
      await refuseUsed(storage, id)
      await changeType(storage, id, (now) => ({
        ...now,
        extraSpecs: Object.fromEntries(Object.entries(now.extraSpecs).filter(([name]) => name !== key)),
      }))
      return undefined
    },
  }),
]

const Project = z.strictObject({ project: z.string().min(1).max(255) })
const AccessBody = z.union([
  z.strictObject({ addProjectAccess: Project }),
  z.strictObject({ removeProjectAccess: Project }),
])

const accessRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: 'types/{id}/os-volume-type-access',
    summary: 'List the projects that may use a type that is not public',
    rule: 'type:manage',
    async run({ storage, caller, path }) {
      const { id, isPublic, projects } = await findType(storage, caller, path.id ?? '')
      if (isPublic) throw notFound('Access list not available for public volume type: volume type', id)
      return { volume_type_access: projects.map((project_id) => ({ volume_type_id: id, project_id })) }
    },
  }),
  route({
    method: 'POST',
    path: 'types/{id}/action',
    summary: 'Let a project use a type that is not public, or not any more',
    rule: 'type:manage',
    status: 202,
    body: AccessBody,
    async run({ storage, caller, path, body }) {
      const { id, isPublic } = await findType(storage, caller, path.id ?? '')
      if (isPublic) throw conflict(`Type access modification is not applicable to public volume type: ${id}`)
      const [add, project] =
        'addProjectAccess' in body
          ? [true, body.addProjectAccess.project]
          : [false, body.removeProjectAccess.project]
      await changeType(storage, id, (now) => {
        const has = now.projects.includes(project)
        if (add && has)
          throw conflict(`Volume type access for ${id} / ${project} combination already exists.`)
        if (!add && !has) throw notFound(`Volume type access for ${id} /`, project)
        const others = now.projects.filter((one) => one !== project)
        return { ...now, projects: add ? [...others, project] : others }
      })
      return undefined
    },
  }),
]

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
  ...specRoutes,
  ...accessRoutes,
]
