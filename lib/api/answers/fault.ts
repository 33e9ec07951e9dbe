import * as z from 'zod'

/** What each status is called in the body of an error. @see cinder/api/openstack/wsgi.py Fault */
export const FaultName = z.enum([
  'badRequest',
  'unauthorized',
  'forbidden',
  'itemNotFound',
  'badMethod',
  'conflictingRequest',
  'overLimit',
  'badMediaType',
  'notImplemented',
  'serviceUnavailable',
  'computeFault',
])
export type FaultName = z.infer<typeof FaultName>

/** The body of an error: one object, whose only key depends on the status. */
export const Fault = z
  .partialRecord(
    FaultName,
    z.strictObject({
      code: z.int().describe("The answer's status"),
      message: z.string(),
      retryAfter: z.string().optional().describe('With overLimit'),
    }),
  )
  .meta({ id: 'Fault', minProperties: 1, maxProperties: 1 })
export type Fault = z.infer<typeof Fault>
