import * as z from 'zod'
import { changeType, refuseUsed } from '../volumes/manage-types.ts'
import { badRequest, notFound } from '../volumes/refusal.ts'
import { findType } from '../volumes/types.ts'
import { SpecName } from './fields.ts'
import { type Route, route } from './route.ts'
import { typeView } from './views/type.ts'

/** What a type asks of the pools that its volumes are put in. */
export const Specs = z.record(SpecName, z.string('is not text').max(255, 'is too long'))

const noSpec = (id: string, key: string) => notFound(`Volume Type ${id} has no extra specs with key`, key)

/** The calls on the extra specs of a type. */
export const typeSpecRoutes: readonly Route[] = [
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
      const value = new Map(Object.entries(extra_specs)).get(key)
      if (value === undefined) throw noSpec(id, key)
      return { [key]: value }
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
