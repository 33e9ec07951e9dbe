import { readdir, readFile } from 'node:fs/promises'
import type { APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda'
import type fc from 'fast-check'
import * as z from 'zod'
import { valid } from './from-schema.ts'
import { type Request, requestsFor } from './requests.ts'

const room = new URL('../../../functions/driver/', import.meta.url)

export interface Operation {
  readonly name: string
  readonly Input: z.ZodType
  readonly handler: (event: unknown, context: Context) => Promise<APIGatewayProxyStructuredResultV2>
  readonly requests: fc.Arbitrary<Request>
}

/** Every driver function, with the schema that its file hands to it. */
export const readOperations = async (): Promise<Operation[]> => {
  const files = (await readdir(room)).filter((file) => file.endsWith('.ts'))
  return Promise.all(
    files.map(async (file) => {
      const [, schema = '', path = ''] =
        (await readFile(new URL(file, room), 'utf8')).match(
          /import \{\s*(\w+),\s*\w+,?\s*\} from '([^']+)'/,
        ) ?? []
      const Input: z.ZodType = (await import(new URL(path, room).href))[schema]
      const { handler } = await import(new URL(file, room).href)
      const shape = z.toJSONSchema(Input, { io: 'input', unrepresentable: 'any' })
      const meant = valid(shape as object).filter((made) => Input.safeParse(made).success)
      return { name: file.replace('.ts', ''), Input, handler, requests: requestsFor(meant) }
    }),
  )
}
