import fc from 'fast-check'
import { nameOf, snapshotNameOf } from '../../support/makers.ts'

/** A JSON Schema as zod writes it: the parts that occur. */
export interface JsonSchema {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: JsonSchema | false
  readonly items?: JsonSchema
  readonly prefixItems?: readonly JsonSchema[]
  readonly minItems?: number
  readonly maxItems?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly format?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
}

const volumes = ['v1', 'v2', 'v3', 'v4']
const snapshots = ['s1', 's2', 's3', 's4']
const often = <T>(few: readonly T[]) => fc.constantFrom(...few)
/** Of a volume or a snapshot that may be there: the sender puts its global id in place of this. */
export const globalIdOf = (id: string) => `gid.of.${id}`
const location = often([...volumes, ...snapshots].map(globalIdOf))

/** What a field is usually filled with, so that operations meet; `inside` names the object it is a member of. */
const usual = (name: string, inside: string): fc.Arbitrary<unknown> | undefined => {
  if (name === 'id' || name === '_name_id') return often(/snap|group/.test(inside) ? snapshots : volumes)
  if (name === 'host' && inside === 'connector') return often(['host-1', 'host-2'])
  return {
    volume_id: often(volumes),
    provider_location: location,
    'source-id': location,
    'source-name': often([...volumes.map(nameOf), ...snapshots.map(snapshotNameOf)]),
    host: often(['host-1', 'cinder@storpool#default', null]),
    size: often([1, 1, 2, 3]),
    new_size: often([1, 2, 3, 4]),
    volume_size: often([1, 2]),
    storpool_template: often(['ssd', 'hdd', 'hybrid']),
    replication_enabled: often(['<is> False', 'no']),
    attachmentId: often(['a1', 'a2']),
    generation: often([1, 2, 3]),
    encryption_key_id: fc.constant(null),
    _name_id: fc.constant(null),
  }[name]
}

const text = ({ pattern, format, minLength = 0, maxLength = 200 }: JsonSchema): fc.Arbitrary<string> => {
  if (format === 'uri') return often(['https://images.example.org/a.qcow2', 'https://192.0.2.1:8443/i?x=1'])
  const fits = (made: string) => made.length >= minLength && made.length <= maxLength
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern)).filter(fits)
  return fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(maxLength, 60) }).filter(fits)
}

const whole = (schema: JsonSchema): fc.Arbitrary<number> => {
  const {
    minimum = schema.exclusiveMinimum === undefined ? Number.MIN_SAFE_INTEGER : schema.exclusiveMinimum + 1,
  } = schema
  const { maximum = Number.MAX_SAFE_INTEGER } = schema
  const few = fc.integer({ min: minimum, max: Math.min(maximum, minimum + 5) })
  return fc.oneof({ weight: 4, arbitrary: few }, fc.integer({ min: minimum, max: maximum }))
}

const object = (schema: JsonSchema, name: string): fc.Arbitrary<unknown> => {
  const { properties = {}, required = [], additionalProperties = false } = schema
  const members = Object.entries(properties).map(([member, of]) => {
    const value = valid(of, member, name).map((made) => ({ [member]: made }))
    if (required.includes(member)) return value
    return fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: value })
  })
  const others =
    additionalProperties === false
      ? fc.constant({})
      : fc.dictionary(fc.stringMatching(/^[a-z]{5,8}$/), valid(additionalProperties, '', name), {
          maxKeys: 2,
        })
  return fc.tuple(others, ...members).map((parts) => Object.assign({}, ...parts))
}

const reference = (schema: JsonSchema) =>
  fc.oneof(
    ...Object.entries(schema.properties ?? {}).map(([member, of]) =>
      valid(of, member, '').map((made) => ({ [member]: made })),
    ),
  )

const any = (schema: JsonSchema, name: string): fc.Arbitrary<unknown> => {
  if ('const' in schema) return fc.constant(schema.const)
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  const choices = schema.anyOf ?? schema.oneOf
  if (choices !== undefined) return fc.oneof(...choices.map((choice) => valid(choice, '', name)))
  switch (schema.type) {
    case 'string':
      return text(schema)
    case 'integer':
    case 'number':
      return whole(schema)
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'object':
      return object(schema, name)
    case 'array': {
      if (schema.prefixItems !== undefined)
        return fc.tuple(...schema.prefixItems.map((item) => valid(item, '', name)))
      const { minItems: minLength = 0, maxItems = 4, items = {} } = schema
      return fc.array(valid(items, '', name), { minLength, maxLength: Math.min(maxItems, minLength + 3) })
    }
    default:
      return fc.jsonValue({ maxDepth: 2 })
  }
}

/** What a schema takes, by its JSON Schema: mostly of few ids, and sometimes anything it allows. */
export const valid = (schema: JsonSchema, name = '', inside = ''): fc.Arbitrary<unknown> => {
  // Two fields of which there is to be one, which JSON Schema cannot say.
  if (name === 'existing_ref') return reference(schema)
  const known = usual(name, inside)
  const allowed = any(schema, name === '' ? inside : name)
  return known === undefined ? allowed : fc.oneof({ weight: 12, arbitrary: known }, allowed)
}
