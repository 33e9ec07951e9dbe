import * as z from 'zod'
import { code, escaped } from './html.ts'
import { labelOf, notesOf, Schema, shownIn } from './schema.ts'

const Parameter = z.object({
  name: z.string().optional(),
  in: z.string().optional(),
  required: z.boolean().default(false),
  schema: Schema.default({}),
})

const Content = z.record(z.string(), z.object({ schema: Schema })).optional()

const Response = z.object({
  description: z.string().optional(),
  content: Content,
  $ref: z.string().optional(),
})

export const Operation = z.object({
  summary: z.string(),
  description: z.string().default(''),
  tags: z.array(z.string()).default([]),
  parameters: z.array(Parameter).default([]),
  requestBody: z.object({ content: Content }).optional(),
  responses: z.record(z.string(), Response),
})
export type Operation = z.infer<typeof Operation>

const schemaIn = (content: z.infer<typeof Content>): Schema | undefined =>
  Object.values(content ?? {})[0]?.schema

const parameter = ({ name, in: place = '', required, schema }: z.infer<typeof Parameter>): string =>
  name === undefined
    ? ''
    : `<li>${code(name)}${required ? '' : '?'} <i>${labelOf(schema)}</i> <em>in the ${escaped(place)}</em>${notesOf(schema)}</li>`

const shown = (title: string, schema: Schema): string => `<h3>${title}</h3>${shownIn(schema)}`

/** Errors are the same everywhere: what they are is said once. */
const response = ([status, { description = '', content, $ref }]: [
  string,
  z.infer<typeof Response>,
]): string => {
  if ($ref !== undefined) return ''
  const schema = schemaIn(content)
  const title = `Answers ${code(status)} <em>${escaped(description)}</em>`
  return schema === undefined ? `<h3>${title}</h3>` : shown(title, schema)
}

/** A call, folded. */
export function operationOf(path: string, method: string, operation: Operation): string {
  const parameters = operation.parameters.map(parameter).join('')
  const body = schemaIn(operation.requestBody?.content)
  const isRefused = !Object.keys(operation.responses).some((status) => /^[23]/.test(status))
  return `<details id="${escaped(`${method}-${path}`)}">
<summary><b class="method ${method}">${method.toUpperCase()}</b><code>${escaped(path)}</code><span>${escaped(operation.summary)}</span></summary>
<div><p>${escaped(operation.description)}</p>
${parameters === '' ? '' : `<h3>Parameters</h3><ul>${parameters}</ul>`}
${body === undefined ? '' : shown('Body', body)}
${isRefused ? '<h3>Always refused</h3>' : Object.entries(operation.responses).map(response).join('\n')}</div>
</details>`
}
