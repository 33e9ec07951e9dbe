import * as z from 'zod'
import type { DeadLetter, DeadLetters } from './dead-letters.ts'

/** Messages looked at in one call, which has half a minute. */
const limit = z.coerce.number().int().min(1).max(200).default(100)

export const ListDeadLetters = z.strictObject({ limit })

/** What is given up and why, oldest first. Who looks at them at the same time may see fewer. */
export const listDeadLetters = async (
  letters: DeadLetters,
  { limit: most }: z.infer<typeof ListDeadLetters>,
): Promise<{ deadLetters: DeadLetter[] }> => ({ deadLetters: await letters.list(most) })

export const Redrive = z.strictObject({
  limit,
  /** Only what was given up before; now, unless said. Whoever calls again until nothing is left says the same. */
  before: z.iso.datetime({ offset: true }).optional(),
})

/** Put what was given up back on the jobs' queue. */
export const redriveDeadLetters = async (
  letters: DeadLetters,
  { limit: most, before }: z.infer<typeof Redrive>,
): Promise<{ redriven: DeadLetter[] }> => ({
  redriven: await letters.redrive({
    limit: most,
    before: before === undefined ? new Date() : new Date(before),
  }),
})
