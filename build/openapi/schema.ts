import * as z from 'zod'

export type Json = Readonly<Record<string, unknown>>

type Node = z.core.JSONSchema.BaseSchema

const isNode = (node: unknown): node is Node => typeof node === 'object' && node !== null

const isNull = ({ type, ...rest }: Node): boolean => type === 'null' && Object.keys(rest).length === 0

const isText = ({ type, ...rest }: Node): boolean => type === 'string' && Object.keys(rest).length === 0

/** What every integer has in JavaScript says nothing of this one; nor does the pattern beside a format. */
const plain = (node: Node): void => {
  if (node.minimum === Number.MIN_SAFE_INTEGER) delete node.minimum
  if (node.maximum === Number.MAX_SAFE_INTEGER) delete node.maximum
  if (node.format !== undefined) delete node.pattern
  if (isNode(node.propertyNames) && isText(node.propertyNames)) delete node.propertyNames
  delete node.readOnly
}

/** Text or null in one line, where the text is any. */
const shortened = (node: Node): void => {
  const [one, other, ...more] = node.anyOf ?? []
  if (more.length > 0 || !isNode(one) || !isNode(other) || !isNull(other)) return
  if (typeof one.type !== 'string' || one.enum !== undefined || one.const !== undefined) return
  const { type, ...rest } = one
  delete node.anyOf
  Object.assign(node, rest, { type: [type, 'null'] })
}

const withoutMarks = (made: Json): Json =>
  Object.fromEntries(Object.entries(made).filter(([key]) => key !== '$schema' && key !== '~standard'))

/** A schema as OpenAPI 3.1 has it: what a caller may send. */
export const schemaOf = (schema: z.ZodType): Json =>
  withoutMarks(
    z.toJSONSchema(schema, {
      io: 'input',
      unrepresentable: 'any',
      override: ({ jsonSchema }) => {
        plain(jsonSchema)
        shortened(jsonSchema)
      },
    }),
  )

const Defs = z.record(z.string(), z.record(z.string(), z.unknown()))

/** Makes schemas of answers, and keeps those that have names: they are said once, and are types where a client is generated. */
export const namingSchemas = () => {
  const named = new Map<string, Json>()
  return {
    /** What is answered. A client is to leave alone what it does not know, as later versions say more. */
    of(schema: z.ZodType): Json {
      const made = z.toJSONSchema(z.strictObject({ schema }), {
        io: 'output',
        override: ({ jsonSchema }) => {
          plain(jsonSchema)
          shortened(jsonSchema)
          if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties
        },
      })
      const { $defs = {}, properties } = JSON.parse(
        JSON.stringify(made).replaceAll('"#/$defs/', '"#/components/schemas/'),
      )
      for (const [name, { id: _, ...of }] of Object.entries(Defs.parse($defs))) named.set(name, of)
      return Defs.parse(properties).schema ?? {}
    },
    all: (): Record<string, Json> =>
      Object.fromEntries([...named].sort(([one], [other]) => (one < other ? -1 : 1))),
  }
}
export type NamingSchemas = ReturnType<typeof namingSchemas>
