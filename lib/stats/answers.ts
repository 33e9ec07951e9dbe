import * as z from 'zod'
import { says } from '../answers.ts'
import { VolumeStats } from '../driver/stats-answer.ts'
import type { listHosts } from '../hosts/read.ts'
import type { clusterHealth } from './health.ts'
import type { getStats } from './read.ts'

const Sample = z
  .strictObject({ backend: z.string(), at: z.iso.datetime(), stats: VolumeStats })
  .meta({ id: 'StatsSample' })

export const Stats = says<typeof getStats>()(
  z.strictObject({
    backend: z.string(),
    newest: Sample.nullable().describe('Null while there is none yet'),
    lastHour: z.array(Sample).describe('Oldest first'),
  }),
)

export const Health = says<typeof clusterHealth>()(
  z.strictObject({
    healthy: z.boolean().describe('Whether volumes can be worked on right now'),
    clusterStatus: z.string(),
    services: z.record(z.string(), z.strictObject({ running: z.int(), of: z.int() })),
    down: z.array(z.string()).readonly().describe('Services that are not running, such as client 7 (host-7)'),
  }),
)

export const Hosts = says<typeof listHosts>()(
  z.strictObject({
    hosts: z.array(
      z
        .strictObject({
          name: z.string(),
          clientId: z.int().nullable().describe('Null while nobody has said it'),
          agent: z.string().nullable().describe('Where its agent answers; null where it has none'),
          version: z.string().nullable().describe("The agent's version"),
          seenAt: z.iso.datetime().nullable().describe('When the agent was heard last'),
          wrong: z.array(z.string()).readonly().describe('What somebody should look at'),
        })
        .meta({ id: 'Host' }),
    ),
  }),
)
