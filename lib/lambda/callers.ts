import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { type Caller, everyProject } from '../auth/caller.ts'
import { isDriverError } from '../errors.ts'
import { ApiError, badRequest, fromDriver } from '../volumes/refusal.ts'
import { authenticator } from './authenticator.ts'
import type { Invocation } from './endpoint.ts'

/**
 * Who calls, in one project.
 *
 * @throws ApiError 401 with the header that says how to show it, 403, 503. 400: who looks after all projects names none.
 */
export async function callerOf(
  { headers }: APIGatewayProxyEventV2,
  pathProject: string | undefined,
  { deadline }: Invocation,
): Promise<Caller> {
  const caller = await told(headers, pathProject, deadline)
  if (caller.project !== everyProject) return caller
  throw badRequest('The request names no project, and the caller is of all: call /v3/{project}/ instead.')
}

async function told(
  headers: APIGatewayProxyEventV2['headers'],
  pathProject: string | undefined,
  deadline: number,
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
