import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import * as z from 'zod'
import { type DriverErrorName, httpStatus } from '../../../lib/errors.ts'
import type { Prediction } from './prediction.ts'

/** The one shape of an error. */
const Refused = z.strictObject({
  error: z.strictObject({
    name: z.enum(Object.keys(httpStatus) as [DriverErrorName, ...DriverErrorName[]]),
    message: z.string().min(1).max(5_000),
    remedy: z.string().optional(),
    requestId: z.string(),
    details: z.record(z.string(), z.unknown()).optional(),
  }),
})

/** The other shape: an operation's own. */
const Done = z.looseObject({}).refine((answer) => !('error' in answer))

/** What a valid request may be refused for by what is on the cluster or in the settings, though its input is in order. */
const byState = [
  /^StorPool has no template /,
  / cannot hold /,
  / is smaller than the parent's /,
  / bytes, more than \d+ GiB$/,
  / is in template /,
  /a volume is named twice/,
  /^no host was named to do it$/,
]

const leaks = [/\bat (file:|node:|async |\/)/, /node:internal/, /node_modules/, /\.ts:\d+/]

/** Whether text gives away what nobody is to see. */
export const leaksIn = (text: string, token: string): string[] => [
  ...(text.includes(token) ? ['the token'] : []),
  ...leaks.filter((leak) => leak.test(text)).map(String),
]

const wrongRefusal = (status: number, body: unknown, prediction: Prediction): string | undefined => {
  const refused = Refused.safeParse(body)
  if (!refused.success) return 'an error of another shape'
  const { name, message, requestId } = refused.data.error
  if (httpStatus[name] !== status) return `${name} with ${status}`
  if (requestId !== 'request') return 'another request id'
  if (prediction !== 'by state') return undefined
  if (name === 'UnknownHost' || [404, 409, 501, 507].includes(status)) return undefined
  return name === 'InvalidInput' && byState.some((words) => words.test(message))
    ? undefined
    : 'a refusal of what is valid'
}

/** What is wrong with an answer, if anything. */
export const wrongWith = (
  { statusCode = 0, headers, body = '' }: APIGatewayProxyStructuredResultV2,
  prediction: Prediction,
  token: string,
): string | undefined => {
  if (headers?.['content-type'] !== 'application/json' || headers['x-request-id'] !== 'request')
    return 'its headers'
  const leaked = leaksIn(body, token)
  if (leaked.length > 0) return `it shows ${leaked}`
  const parsed: unknown = JSON.parse(body)
  if (prediction !== 'by state' && statusCode !== prediction) return `${statusCode}, not ${prediction}`
  if (statusCode === 200 || statusCode === 202)
    return Done.safeParse(parsed).success ? undefined : 'no object, or an error'
  return wrongRefusal(statusCode, parsed, prediction)
}
