import type * as z from 'zod'
import type { AttachingBackend } from '../driver/backend.ts'
import { endpoint } from './endpoint.ts'
import { inputOf } from './event.ts'
import { attachingBackendFor } from './records.ts'

/** {@link operation} for what attaches: its backend has the book of attachments, and its bundle the table's client. */
export const attachingOperation = <Schema extends z.ZodType>(
  Input: Schema,
  run: (backend: AttachingBackend, input: z.output<Schema>) => Promise<unknown>,
) =>
  endpoint(async (event, invocation) => {
    const input = Input.parse(inputOf(event))
    return run(await attachingBackendFor(invocation, input), input)
  })
