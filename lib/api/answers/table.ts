import type * as z from 'zod'
import { attachmentAnswers } from './attachment.ts'
import { manageAnswers } from './manage.ts'
import { metadataAnswers } from './metadata.ts'
import { serviceAnswers } from './service.ts'
import { snapshotAnswers } from './snapshot.ts'
import { typeAnswers } from './type.ts'
import { volumeAnswers } from './volume.ts'

/** What each call answers where it succeeds. Undefined: nothing; never: it is always refused. */
export const answers = {
  ...volumeAnswers,
  ...metadataAnswers,
  ...snapshotAnswers,
  ...attachmentAnswers,
  ...typeAnswers,
  ...manageAnswers,
  ...serviceAnswers,
} satisfies Record<string, z.ZodType | undefined>

type Answers = typeof answers

/** What a route must answer. A path that is only known while it runs is not checked by the compiler, but by the tests. */
export type AnswerOf<Call extends string> = Call extends keyof Answers
  ? Answers[Call] extends z.ZodType
    ? z.output<Answers[Call]>
    : undefined
  : unknown
