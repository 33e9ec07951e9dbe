import type * as z from 'zod'
import type { Request } from './requests.ts'

const BODY_BYTES = 256 * 1024
const DEPTH = 32

const depthOf = (value: unknown): number => {
  let level: unknown[] = [value]
  for (let depth = 0; ; depth++) {
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []))
    if (level.length === 0) return depth
  }
}

/** What a request is to be answered by its form and its operation's schema alone: a refusal, or as the state has it. */
export type Prediction = 400 | 413 | 415 | 'by state'

export const predict = ({ body, contentType, isBase64 }: Request, Input: z.ZodType): Prediction => {
  let input: unknown = {}
  if (body !== undefined && body !== '') {
    if (contentType?.split(';')[0]?.trim().toLowerCase() !== 'application/json') return 415
    const bytes = Buffer.from(body, isBase64 ? 'base64' : 'utf8')
    if (bytes.length > BODY_BYTES) return 413
    try {
      input = JSON.parse(bytes.toString())
    } catch {
      return 400
    }
  }
  return depthOf(input) > DEPTH || !Input.safeParse(input).success ? 400 : 'by state'
}
