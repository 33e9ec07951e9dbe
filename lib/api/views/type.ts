import type { Caller } from '../../auth/caller.ts'
import type { TypeRecord } from '../../volumes/record.ts'
import type { UpdatedType, VolumeType } from '../answers/type.ts'

/** Extra specs that everybody may see: what they say matters to whoever uses the type. */
const visible = ['multiattach', 'RESKEY:availability_zones', 'replication_enabled']

const seen = (caller: Caller, specs: Readonly<Record<string, string>>): Record<string, string> =>
  caller.role === 'admin'
    ? specs
    : Object.fromEntries(Object.entries(specs).filter(([key]) => visible.includes(key)))

/** What showing and listing types say, and creating one but for its QoS specs, which no type has. */
export const typeView = (caller: Caller, type: TypeRecord, { created = false } = {}): VolumeType => ({
  id: type.id,
  name: type.name,
  description: type.description,
  is_public: type.isPublic,
  'os-volume-type-access:is_public': type.isPublic,
  extra_specs: seen(caller, type.extraSpecs),
  ...(caller.role === 'admin' && !created && { qos_specs_id: null }),
})

/** What an update answers. */
export const updatedType = ({ id, name, description, isPublic, extraSpecs }: TypeRecord): UpdatedType => ({
  id,
  name,
  description,
  is_public: isPublic,
  extra_specs: extraSpecs,
})
