import * as z from 'zod'
import { Id, Pairs } from './fields.ts'
import { moreOf } from './page.ts'

const fields = {
  id: Id,
  name: z.string(),
  description: z.string().nullable(),
  is_public: z.boolean(),
  extra_specs: Pairs.describe('Of what is not public knowledge, administrators see more'),
}

export const VolumeType = z
  .strictObject({
    ...fields,
    'os-volume-type-access:is_public': z.boolean(),
    qos_specs_id: z.string().nullish().describe('For administrators, but not where it is created'),
  })
  .meta({ id: 'VolumeType' })
export type VolumeType = z.infer<typeof VolumeType>

export const UpdatedType = z.strictObject(fields).meta({ id: 'VolumeTypeUpdated' })
export type UpdatedType = z.infer<typeof UpdatedType>

const One = z.strictObject({ volume_type: VolumeType })
const Specs = z.strictObject({ extra_specs: Pairs })
const OneSpec = Pairs.describe('The one key, and its value')

export const typeAnswers = {
  'GET types': z.strictObject({ volume_types: z.array(VolumeType), ...moreOf.types }),
  'POST types': One,
  'GET types/default': One,
  'GET types/{id}': One,
  'PUT types/{id}': z.strictObject({ volume_type: UpdatedType }),
  'DELETE types/{id}': undefined,
  'GET types/{id}/encryption': z.strictObject({}),
  'POST types/{id}/encryption': z.never(),
  'GET types/{id}/extra_specs': Specs,
  'POST types/{id}/extra_specs': Specs,
  'GET types/{id}/extra_specs/{key}': OneSpec,
  'PUT types/{id}/extra_specs/{key}': OneSpec,
  'DELETE types/{id}/extra_specs/{key}': undefined,
  'GET types/{id}/os-volume-type-access': z.strictObject({
    volume_type_access: z.array(z.strictObject({ volume_type_id: Id, project_id: z.string() })),
  }),
  'POST types/{id}/action': undefined,
}
