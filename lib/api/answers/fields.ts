import * as z from 'zod'

/**
 * What answers are made of. Nothing checks an answer while it is given: the compiler checks each view against its schema,
 * the tests check what was really answered, and the API's description is made of them. So functions take types from here
 * alone, and no schema is bundled.
 */
export const Time = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/)

export const Id = z.uuid()

export const Pairs = z.record(z.string(), z.string())

export const Link = z
  .strictObject({ rel: z.enum(['self', 'bookmark', 'next']), href: z.url() })
  .meta({ id: 'Link' })
export type Link = z.infer<typeof Link>

/** A field that is there from a microversion on, and in no older one. */
export const since = <T extends z.ZodType>(minor: number, schema: T) =>
  schema.optional().meta({ description: `From 3.${minor} on`, 'x-since': minor })

/** A field that only administrators see. */
export const forAdmins = <T extends z.ZodType>(schema: T, minor?: number) =>
  schema.optional().meta({
    description: minor === undefined ? 'For administrators' : `From 3.${minor} on, for administrators`,
    'x-role': 'admin',
    ...(minor !== undefined && { 'x-since': minor }),
  })
