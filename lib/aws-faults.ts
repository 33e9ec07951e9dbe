import * as z from 'zod'

/** What AWS's clients put on whatever they throw, also where nobody answered. */
const FromAws = z.object({
  name: z.string(),
  $metadata: z.object({ httpStatusCode: z.int().optional() }),
  $retryable: z.unknown().optional(),
})

const slowedDown = /throttl|throughputexceeded|requestlimitexceeded|toomanyrequests/i

/**
 * Whether a table, a queue or Lambda itself could not be reached, failed, or asked to slow down, and that more often than
 * its client tries: it passes. Recognized by shape, so that functions without such a client need not load one.
 */
export const isAwsUnavailable = (error: unknown): boolean => {
  const { data } = FromAws.safeParse(error)
  if (data === undefined) return false
  const { httpStatusCode = 0 } = data.$metadata
  return (
    httpStatusCode === 0 ||
    httpStatusCode >= 500 ||
    httpStatusCode === 429 ||
    data.$retryable !== undefined ||
    slowedDown.test(data.name)
  )
}
