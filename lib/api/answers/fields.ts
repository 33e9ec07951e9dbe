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

/**
 * A field that is there from a microversion on, and in no older one.
 *
 * @param when where it is not always there: in what case
 */
export const since = <T extends z.ZodType>(minor: number, schema: T, when?: string) =>
  schema.optional().meta({
    description: `From 3.${minor} on${when === undefined ? '' : `, ${when}`}`,
    'x-since': minor,
    ...(when !== undefined && { 'x-when': when }),
  })

/** A field that only administrators see. */
export const forAdmins = <T extends z.ZodType>(schema: T, minor = 0) =>
  schema.optional().meta({
    description: minor === 0 ? 'For administrators' : `From 3.${minor} on, for administrators`,
    'x-role': 'admin',
    ...(minor > 0 && { 'x-since': minor }),
  })
