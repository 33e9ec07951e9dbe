import * as z from 'zod'

type Said<Operation extends (...given: never[]) => unknown> = Awaited<ReturnType<Operation>>

/**
 * A schema of what a function answers: where something that it returns would not fit, it does not compile. Nothing checks an
 * answer while it is given, and functions bundle none of these schemas: the API's description is made of them, and the tests
 * hold what was answered against them.
 */
export const says =
  <Operation extends (...given: never[]) => unknown>() =>
  <Schema extends z.ZodType>(schema: Said<Operation> extends z.output<Schema> ? Schema : never): Schema =>
    schema

/** The shape of every error but Block Storage's. */
export const OwnError = z
  .strictObject({
    error: z.strictObject({
      name: z.string().describe('One of a closed list, such as VolumeNotFound'),
      message: z.string(),
      remedy: z.string().optional().describe('What can be done about it'),
      requestId: z.string(),
      details: z.record(z.string(), z.unknown()).optional(),
    }),
  })
  .meta({ id: 'Error' })

/** Nothing to say is an empty object. */
export const nothing = z.strictObject({})
