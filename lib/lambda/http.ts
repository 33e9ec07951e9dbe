import middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda'
import { fault } from '../api/errors.ts'
import { type Call, findRoute, type Route } from '../api/route.ts'
import { NEWEST, versionOf } from '../api/version.ts'
import { type Caller, mayAct } from '../auth/caller.ts'
import { policy } from '../auth/policy.ts'
import { inDriversWords } from '../drivers-words.ts'
import { logger } from '../log.ts'
import { ApiError, badRequest, fromDriver } from '../volumes/refusal.ts'
import { blockStorageFor } from './block-storage.ts'
import { callerOf } from './callers.ts'
import { invocationOf, levelOrDefault } from './endpoint.ts'

/** Bytes of a request's body: what a call says is small. */
const BODY_BYTES = 114_688

const jsonTypes = ['application/json', 'application/vnd.openstack.volume+json']

/** Projects' ids are told from names of resources by how they look. */
const projectId = /^[0-9a-f][0-9a-f-]*$|^[0-9]+$/i

/** A path beneath `/v3`, taken apart. */
interface Place {
  readonly project: string | undefined
  readonly path: readonly string[]
}

const placeOf = (rawPath: string): Place => {
  const [, , ...segments] = rawPath.split('/').map(decoded)
  const [first = '', ...rest] = segments
  const named = projectId.test(first) && rest.length > 0
  return named ? { project: first, path: rest } : { project: undefined, path: segments }
}

const decoded = (segment: string): string => {
  try {
    return decodeURIComponent(segment)
  } catch {
    throw badRequest('The path is not percent-encoded properly.')
  }
}

/** A body without a type of its own is ignored, as Cinder does. */
function bodyOf({ body, isBase64Encoded, headers }: APIGatewayProxyEventV2): unknown {
  if (body === undefined || body === '') return undefined
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase()
  if (type === undefined || type === '') return undefined
  if (!jsonTypes.includes(type))
    throw new ApiError(415, `Unsupported Content-Type ${type}: it must be application/json.`)
  const text = isBase64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body
  if (Buffer.byteLength(text) > BODY_BYTES)
    throw new ApiError(413, `The body is larger than ${BODY_BYTES} bytes.`)
  try {
    return JSON.parse(text)
  } catch {
    throw badRequest('Malformed request body')
  }
}

/** Where this place is reached: what stands in front of it says so, else the request's own host. */
export const baseOf = ({ headers, requestContext }: APIGatewayProxyEventV2): string => {
  const host = headers['x-forwarded-host'] ?? headers.host ?? requestContext.domainName
  const local = /^(127\.|localhost|\[::1\])/.test(host)
  return `${headers['x-forwarded-proto'] ?? (local ? 'http' : 'https')}://${host}`
}

const queryOf = ({ rawQueryString }: APIGatewayProxyEventV2): Record<string, string> =>
  Object.fromEntries(new URLSearchParams(rawQueryString))

/**
 * A family of Block Storage's calls as one Lambda function: the version settled, the caller known and allowed, the path
 * found among `routes`, and every answer and error in the shape that clients of OpenStack know.
 */
export const api = (routes: readonly Route[]) =>
  middy(
    async (event: APIGatewayProxyEventV2, context: Context): Promise<APIGatewayProxyStructuredResultV2> => {
      const began = Date.now()
      const requestId = `req-${context.awsRequestId}`
      let version = 0
      let caller: Caller | undefined
      try {
        version = versionOf(event.headers['openstack-api-version'])
        const { project, path } = placeOf(event.rawPath)
        caller = await callerOf(event, project, invocationOf(context))
        if (project !== undefined && project !== caller.project) throw badRequest('Malformed request url')
        const method = event.requestContext.http.method
        const found = findRoute(routes, method, path)
        if (found === undefined || (found !== 'wrong method' && found.route.since > version)) {
          throw new ApiError(404, 'The resource could not be found.')
        }
        if (found === 'wrong method')
          throw new ApiError(405, `The method ${method} is not allowed for this resource.`)
        const { route, parameters } = found
        if (!mayAct(caller, policy[route.rule])) {
          throw new ApiError(
            403,
            `Policy doesn't allow ${route.rule.replace(':', '_extension:')} to be performed.`,
          )
        }
        const call: Call = {
          storage: blockStorageFor(invocationOf(context), requestId),
          caller,
          version,
          path: parameters,
          query: queryOf(event),
          body: bodyOf(event),
          address: event.rawPath,
          base: baseOf(event),
        }
        const output = await route.run(call)
        const status = route.statusOf(call.body)
        written({ requestId, began, status, route })
        return respond({ status, version, requestId, output })
      } catch (error) {
        const refusal = error instanceof ApiError ? error : fromDriver(inDriversWords(error))
        written({ requestId, began, status: refusal.status, error: refusal })
        return respond({
          status: refusal.status,
          version,
          requestId,
          output: fault(refusal),
          headers: refusal.headers,
        })
      }
    },
  )

interface Response {
  readonly status: number
  readonly version: number
  readonly requestId: string
  readonly output: unknown
  readonly headers?: Readonly<Record<string, string>> | undefined
}

export const respond = ({
  status,
  version,
  requestId,
  output,
  headers,
}: Response): APIGatewayProxyStructuredResultV2 => ({
  statusCode: status,
  headers: {
    'x-compute-request-id': requestId,
    'x-openstack-request-id': requestId,
    'openstack-api-version': `volume 3.${Math.min(version, NEWEST)}`,
    vary: 'OpenStack-API-Version',
    ...(output !== undefined && { 'content-type': 'application/json' }),
    ...headers,
  },
  body: output === undefined ? '' : JSON.stringify(output),
})

function written(line: {
  readonly requestId: string
  readonly began: number
  readonly status: number
  readonly route?: Route
  readonly error?: ApiError
}): void {
  const { requestId, began, status, route, error } = line
  const fields = {
    requestId,
    status,
    ms: Date.now() - began,
    ...(route && { route: `${route.method} ${route.path}` }),
  }
  if (status < 500) {
    logger(levelOrDefault()).info(error?.message ?? 'done', fields)
    return
  }
  const cause = error?.cause
  logger(levelOrDefault()).error(error?.message ?? '', {
    ...fields,
    ...(cause instanceof Error && { cause: (cause.cause instanceof Error ? cause.cause : cause).stack }),
  })
}
