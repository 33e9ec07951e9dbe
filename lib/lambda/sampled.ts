import type * as z from 'zod'
import type { SampledBackend } from '../driver/get-volume-stats.ts'
import { backendFor, backendNameOf } from './backend.ts'
import { endpoint } from './endpoint.ts'
import { inputOf } from './event.ts'
import { DEFAULT_BACKEND, history } from './history.ts'

/** An operation that may answer from the kept statistics. */
export const sampledOperation = <Schema extends z.ZodType>(
  Input: Schema,
  run: (backend: SampledBackend, input: z.output<Schema>) => Promise<unknown>,
) =>
  endpoint(async (event, invocation) => {
    const input = Input.parse(inputOf(event))
    const name = backendNameOf(input) ?? DEFAULT_BACKEND
    const backend = await backendFor(invocation, input)
    return run({ ...backend, lastStats: async () => (await history().newest(name))?.stats }, input)
  })
