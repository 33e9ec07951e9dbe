import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import type { Caller } from '../auth/caller.ts'
import { isDriverError } from '../errors.ts'
import { ApiError, fromDriver } from '../volumes/refusal.ts'
import { authenticator } from './authenticator.ts'
import type { Invocation } from './endpoint.ts'

/** Who calls. @throws ApiError 401 with the header that says how to show it, 403, 503 */
export async function callerOf(
  { headers }: APIGatewayProxyEventV2,
  pathProject: string | undefined,
  { deadline }: Invocation,
): Promise<Caller> {
  try {
    return await authenticator().authenticate({ headers, pathProject }, deadline)
  } catch (error) {
    if (!isDriverError(error)) throw error
    const refusal = fromDriver(error)
    if (refusal.status !== 401) throw refusal
    throw new ApiError(401, refusal.message, {
      cause: error,
      headers: { 'www-authenticate': authenticator().challenge() },
    })
  }
}
