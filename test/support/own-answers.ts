import * as z from 'zod'
import { ownAnswers } from '../../build/openapi/own-answers.ts'
import { OwnError } from '../../lib/answers.ts'

/** `/jobs/1234` is `/jobs/{id}`. */
const isAt = (pattern: string, path: string): boolean => {
  const [wanted, given] = [pattern.split('/'), path.split('/')]
  return (
    wanted.length === given.length && wanted.every((part, n) => part.startsWith('{') || part === given[n])
  )
}

/** The schema of what a call answers; undefined: Block Storage's, or none that is described. */
const schemaOf = (method: string, path: string): z.ZodType | undefined =>
  Object.entries(ownAnswers).find(([key]) => {
    const [of = '', pattern = ''] = key.split(' ')
    return of === method && isAt(pattern, path.split('?')[0] ?? '')
  })?.[1]

/** Throws where an answer is not as the API's description has it. */
export const checkOwnAnswer = (method: string, path: string, status: number, body: unknown): void => {
  const described = schemaOf(method, path)
  const schema = described && status >= 400 ? OwnError : described
  const parsed = schema?.safeParse(JSON.parse(JSON.stringify(body)))
  if (parsed?.success === false) {
    const wrong = z.prettifyError(parsed.error)
    throw new Error(`${method} ${path} answered ${status}: ${wrong}\n${JSON.stringify(body)}`)
  }
}
