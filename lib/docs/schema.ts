import * as z from 'zod'
import { code, escaped } from './html.ts'

/** What of a schema the page shows. */
export interface Schema {
  readonly type?: string | readonly string[] | undefined
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly format?: string | undefined
  readonly pattern?: string | undefined
  readonly const?: unknown
  readonly default?: unknown
  readonly enum?: readonly unknown[] | undefined
  readonly $ref?: string | undefined
  readonly minimum?: number | undefined
  readonly exclusiveMinimum?: number | undefined
  readonly maximum?: number | undefined
  readonly minLength?: number | undefined
  readonly maxLength?: number | undefined
  readonly minItems?: number | undefined
  readonly maxItems?: number | undefined
  readonly required?: readonly string[] | undefined
  readonly properties?: Readonly<Record<string, Schema>> | undefined
  readonly additionalProperties?: Schema | boolean | undefined
  readonly items?: Schema | boolean | undefined
  readonly prefixItems?: readonly Schema[] | undefined
  readonly anyOf?: readonly Schema[] | undefined
  readonly oneOf?: readonly Schema[] | undefined
  readonly not?: unknown
}

const number = z.number().optional()
const text = z.string().optional()
const any = z.unknown().optional()
const some = z.array(z.lazy(() => Schema)).optional()
const one = z.union([z.boolean(), z.lazy(() => Schema)]).optional()

export const Schema: z.ZodType<Schema> = z.object({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  ...{ title: text, description: text, format: text, pattern: text, $ref: text },
  ...{ const: any, default: any, not: any, enum: z.array(z.unknown()).optional() },
  ...{ minimum: number, exclusiveMinimum: number, maximum: number },
  ...{ minLength: number, maxLength: number, minItems: number, maxItems: number },
  required: z.array(z.string()).optional(),
  properties: z
    .record(
      z.string(),
      z.lazy(() => Schema),
    )
    .optional(),
  ...{ additionalProperties: one, items: one, prefixItems: some, anyOf: some, oneOf: some },
})

const value = (of: unknown): string => code(JSON.stringify(of))
const others = (schema: Schema): readonly Schema[] | undefined => schema.anyOf ?? schema.oneOf
const isNested = (schema: Schema): boolean => partsOf(schema) !== ''

/** What a schema is in few words. */
export function labelOf(schema: Schema): string {
  const { $ref, type, format, items, prefixItems } = schema
  if ($ref !== undefined) {
    const name = escaped($ref.split('/').at(-1) ?? '')
    return `<a href="#type-${name}">${name}</a>`
  }
  if (schema.const !== undefined) return value(schema.const)
  if (schema.enum !== undefined) return schema.enum.map(value).join(' | ')
  const ways = others(schema)
  if (ways !== undefined) return ways.some(isNested) ? 'one of' : ways.map(labelOf).join(' or ')
  if (prefixItems !== undefined) return `list of ${prefixItems.map(labelOf).join(', ')}`
  if (type === 'array') return typeof items === 'object' ? listOf(items) : 'list'
  if (type === 'object') return mapOf(schema)
  if (type === undefined) return schema.not === undefined ? 'anything' : 'nothing'
  const types = typeof type === 'string' ? [type] : type
  return types.map((name) => escaped(name === 'string' && format !== undefined ? format : name)).join(' or ')
}

const listOf = (items: Schema): string =>
  items.not === undefined ? `list of ${labelOf(items)}` : 'empty list'

const mapOf = ({ properties = {}, additionalProperties: more }: Schema): string => {
  const isMap = typeof more === 'object' && Object.keys(more).length > 0
  return isMap && Object.keys(properties).length === 0 ? `object, each ${labelOf(more)}` : 'object'
}

/** Limits beside the type. */
const limitsOf = (schema: Schema): string[] =>
  [
    ['at least', schema.minimum ?? schema.minLength ?? schema.minItems],
    ['more than', schema.exclusiveMinimum],
    ['at most', schema.maximum ?? schema.maxLength ?? schema.maxItems],
  ]
    .filter(([, limit]) => limit !== undefined)
    .map(([word, limit]) => `${word} ${limit}`)

/** What there is to say of a schema beside its type. */
export const notesOf = (schema: Schema): string => {
  const { description, pattern } = schema
  const notes = [
    ...(description === undefined ? [] : [escaped(description)]),
    ...limitsOf(schema),
    ...(pattern === undefined ? [] : [`like ${code(pattern)}`]),
    ...(schema.default === undefined ? [] : [`else ${value(schema.default)}`]),
  ]
  return notes.length === 0 ? '' : ` <em>${notes.join('; ')}</em>`
}

/** A schema with all that is in it; that it is an object is seen. */
export const shownIn = (schema: Schema): string => {
  const [label, parts] = [labelOf(schema), partsOf(schema)]
  const isSeen = label === 'object' && parts !== ''
  return `${isSeen ? '' : `<i>${label}</i>`}${notesOf(schema)}${parts}`
}

const list = (entries: readonly string[]): string =>
  entries.length === 0 ? '' : `<ul>${entries.map((entry) => `<li>${entry}</li>`).join('')}</ul>`

/** What is within a schema, as a list; empty where its label says it all. */
export function partsOf(schema: Schema): string {
  const { properties = {}, required = [], additionalProperties: more, items } = schema
  if (schema.$ref !== undefined) return ''
  if (typeof items === 'object') return partsOf(items)
  const ways = others(schema)
  if (ways?.some(isNested)) return list(ways.map(wayOf))
  const isMap = typeof more === 'object' && Object.keys(properties).length === 0
  if (isMap) return partsOf(more)
  return list([
    ...Object.entries(properties).map(([name, of]) => fieldOf(name, of, required.includes(name))),
    ...(typeof more === 'object' && Object.keys(more).length > 0
      ? [`any other: <i>${labelOf(more)}</i>${notesOf(more)}${partsOf(more)}`]
      : []),
  ])
}

const wayOf = (way: Schema): string =>
  `${way.title === undefined ? `<i>${labelOf(way)}</i>` : `<b>${escaped(way.title)}</b>`}${notesOf(way)}${partsOf(way)}`

const fieldOf = (name: string, of: Schema, isRequired: boolean): string =>
  `${code(name)}${isRequired ? '' : '?'} <i>${labelOf(of)}</i>${notesOf(of)}${partsOf(of)}`
