import * as z from 'zod'
import { type Json, type NamingSchemas, schemaOf } from './schema.ts'

const namesIn = (path: string): string[] => [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)

export const pathParameters = (path: string) =>
  namesIn(path).map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } }))

const Properties = z.looseObject({
  properties: z.record(z.string(), z.unknown()).default({}),
  required: z.array(z.string()).default([]),
})

export const queryParameters = (schema: z.ZodType | undefined, path: string) => {
  if (schema === undefined) return []
  const { properties, required } = Properties.parse(schemaOf(schema))
  return Object.entries(properties)
    .filter(([name]) => !namesIn(path).includes(name))
    .map(([name, of]) => ({
      name,
      in: 'query',
      ...(required.includes(name) && { required: true }),
      schema: of,
    }))
}

export const idOf = (method: string, path: string): string =>
  `${method.toLowerCase()}_${path.replaceAll(/[^A-Za-z0-9]+/g, '_').replaceAll(/^_|_$/g, '')}`

export const jsonBody = (schema: Json) => ({ required: true, content: { 'application/json': { schema } } })

/** @param schema undefined: nothing is answered */
export const answered = (names: NamingSchemas, schema: z.ZodType | undefined, description?: string) => ({
  description: description ?? (schema ? 'Done, or taken in' : 'Done, or taken in: without a body'),
  ...(schema && { content: { 'application/json': { schema: names.of(schema) } } }),
})

export const refusals = (response: 'Fault' | 'Error') => ({
  '4XX': { $ref: `#/components/responses/${response}` },
  '5XX': { $ref: `#/components/responses/${response}` },
})
