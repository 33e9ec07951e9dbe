import * as z from 'zod'
import type { Command } from './command.ts'
import { table } from './print.ts'
import { between } from './units.ts'

const Letter = z.looseObject({
  messageId: z.string(),
  sentAt: z.string(),
  job: z.object({ id: z.string(), kind: z.string() }).optional(),
  reason: z.string(),
})
type Letter = z.infer<typeof Letter>
const Dead = z.object({ deadLetters: z.array(Letter) })
const Redriven = z.object({ redriven: z.array(Letter) })

const MOST = 200
/** Messages put back in one request. */
const BATCH = 100

const tableOf = (letters: readonly Letter[]): string =>
  table(
    ['MESSAGE', 'AGE', 'JOB', 'KIND', 'REASON'],
    letters.map(({ messageId, sentAt, job, reason }) => [
      messageId,
      between(sentAt),
      job?.id ?? '-',
      job?.kind ?? '-',
      reason,
    ]),
    [1],
  )

/** What the queue gave up, and why. Nothing is changed. */
export const dead: Command = async ({ front, print }) => {
  const answer = await front.get(`/dead-letters?limit=${MOST}`, Dead)
  const { deadLetters } = answer
  print.answer(answer, () => {
    if (deadLetters.length === 0) return 'There are no dead letters.'
    const more = deadLetters.length < MOST ? '' : `\nThese are the first ${MOST}.`
    return `${tableOf(deadLetters)}${more}`
  })
  return 0
}

/** Put what the queue gave up back on it. What cannot be taken comes back at once, and is left where it is then. */
export const redrive: Command = async ({ front, print }) => {
  const before = new Date().toISOString()
  const redriven: Letter[] = []
  for (;;) {
    const batch = await front.post('/dead-letters/redrive', { before, limit: BATCH }, Redriven)
    redriven.push(...batch.redriven)
    if (batch.redriven.length < BATCH) break
  }
  print.answer({ redriven }, () => {
    if (redriven.length === 0) return 'There was nothing to put back.'
    const count = redriven.length === 1 ? '1 message is' : `${redriven.length} messages are`
    return `${tableOf(redriven)}\n\n${count} on the queue again. Look what becomes of them: npm run jobs -- dead`
  })
  return 0
}
