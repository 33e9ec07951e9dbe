import * as z from 'zod'
import { says } from '../../answers.ts'
import type { reconcile } from './reconcile.ts'

const Kind = z.enum([
  'work',
  'attachment',
  'pointer',
  'connection',
  'unconnected',
  'holder',
  'reservation',
  'quota',
  'link',
  'no-record',
  'no-object',
])

export const Reconciled = says<typeof reconcile>()(
  z.strictObject({
    complete: z.boolean().describe('False: the time was up before everything was looked at'),
    volumes: z.int(),
    snapshots: z.int(),
    counts: z.partialRecord(Kind, z.int()).readonly().describe('Of each kind, those that are not listed too'),
    unmended: z.int(),
    findings: z
      .array(
        z
          .strictObject({
            kind: Kind,
            id: z.string(),
            text: z.string(),
            mended: z.boolean().describe('Whether it is as it should be now'),
          })
          .meta({ id: 'Finding' }),
      )
      .readonly(),
  }),
)
