import type * as z from 'zod'
import type { Backend } from '../driver/backend.ts'
import { backendFor } from './backend.ts'
import { endpoint } from './endpoint.ts'
import { inputOf } from './event.ts'

/** A driver operation as a Lambda handler: the input parsed, a backend whose deadline is this invocation's. */
export const operation = <Schema extends z.ZodType>(
  Input: Schema,
  run: (backend: Backend, input: z.output<Schema>) => Promise<unknown>,
) =>
  endpoint(async (event, invocation) => {
    const input = Input.parse(inputOf(event))
    return run(await backendFor(invocation, input), input)
  })
