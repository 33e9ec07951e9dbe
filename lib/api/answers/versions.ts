import * as z from 'zod'

/** What `GET /` and `GET /v3` answer. */
export const Versions = z.strictObject({
  versions: z.array(
    z.strictObject({
      id: z.string(),
      status: z.string(),
      version: z.string().describe('The newest microversion'),
      min_version: z.string(),
      updated: z.string(),
      links: z.array(z.strictObject({ rel: z.string(), type: z.string().optional(), href: z.url() })),
      'media-types': z.array(z.strictObject({ base: z.string(), type: z.string() })),
    }),
  ),
})
export type Versions = z.infer<typeof Versions>
