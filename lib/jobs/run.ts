import * as z from 'zod'
import { JobDocument } from './document.ts'
import { Lost } from './record.ts'

/** What an execution is given to undo a job whose own execution was lost: also what its steps had answered. */
export const Undoing = z.strictObject({
  document: JobDocument,
  lost: Lost.extend({ answers: z.record(z.string(), z.unknown()) }),
})
export type Undoing = z.infer<typeof Undoing>

/**
 * What an execution of a job is given.
 *
 * @throws ZodError
 */
export const runOf = (event: unknown): { document: JobDocument; lost?: Undoing['lost'] } =>
  typeof event === 'object' && event !== null && 'lost' in event
    ? Undoing.parse(event)
    : { document: JobDocument.parse(event) }
