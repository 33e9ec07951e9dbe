import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import type { Caller } from '../auth/caller.ts'
import { ApiError } from '../volumes/refusal.ts'
import type { Invocation } from './endpoint.ts'

/** Who calls. @throws ApiError 401 */
export async function callerOf(
  { headers }: APIGatewayProxyEventV2,
  project: string | undefined,
  _invocation: Invocation,
): Promise<Caller> {
  const [user = 'admin', named] = headers['x-auth-token']?.split(':') ?? []
  if (project === undefined && named === undefined) throw new ApiError(401, 'The request names no project.')
  return { user, project: named ?? project ?? '', role: 'admin', isService: true }
}
