import type { IncomingMessage } from 'node:http'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import type { Caller } from '../lib/auth/caller.ts'
import type { Match } from './routes.ts'

const hopByHop = new Set([
  'connection',
  'cookie',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** What an HTTP API hands on as text; anything else goes through base64, web forms too. */
const textual = /^(text\/|application\/(json|xml|javascript|[\w.-]+\+(json|xml))(;|$))/i

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const two = (n: number): string => String(n).padStart(2, '0')

/** `12/Mar/2020:19:03:58 +0000`. */
const clfTime = (date: Date): string => {
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(':')
  return `${two(date.getUTCDate())}/${months[date.getUTCMonth()]}/${date.getUTCFullYear()}:${time} +0000`
}

/** Names in lower case; a header sent more than once has its values joined with commas. */
export const headersOf = (request: IncomingMessage, port: number): Record<string, string> => {
  const headers: Record<string, string> = {}
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    if (!hopByHop.has(name) && values) headers[name] = values.join(',')
  }
  const sender = request.socket.remoteAddress ?? '127.0.0.1'
  headers['x-forwarded-for'] = [headers['x-forwarded-for'], sender].filter((v) => v !== undefined).join(', ')
  headers['x-forwarded-port'] = String(port)
  headers['x-forwarded-proto'] = 'http'
  return headers
}

const queryOf = (query: string): Record<string, string> => {
  const parameters: Record<string, string> = {}
  for (const [name, value] of new URLSearchParams(query)) {
    parameters[name] = Object.hasOwn(parameters, name) ? `${parameters[name]},${value}` : value
  }
  return parameters
}

/** The caller an IAM route tells its function about where nobody checks who calls: always the same. */
const anybody = {
  iam: {
    accessKey: 'local',
    accountId: '000000000000',
    callerId: 'local',
    cognitoIdentity: null,
    principalOrgId: null,
    userArn: 'arn:aws:iam::000000000000:user/local',
    userId: 'local',
  },
}

/** As an API tells its functions whose authorizer is a function itself. */
const toldOf = ({ user, project, role }: Caller) => ({ lambda: { user, project, role } })

const asText = (request: IncomingMessage): boolean => {
  const type = request.headers['content-type']
  return request.headers['content-encoding'] === undefined && (type === undefined || textual.test(type))
}

/**
 * The event an HTTP API sends for a request, payload format 2.0.
 *
 * @param caller whom the front door let in; without one nobody was asked.
 *
 * `rawPath` and the path parameters are percent-decoded, and `rawPath` ends before a `?` that was encoded: API
 * Gateway does both, despite the name.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export const proxyEvent = (
  request: IncomingMessage,
  { route, parameters }: Match,
  body: Buffer,
  requestId: string,
  caller?: Caller,
): APIGatewayProxyEventV2 => {
  const url = request.url ?? '/'
  const mark = url.indexOf('?')
  const path = decodeURIComponent(mark < 0 ? url : url.slice(0, mark)).replace(/\?.*$/s, '')
  const query = mark < 0 ? '' : url.slice(mark + 1)
  const now = new Date()
  const routeKey = `${route.method} ${route.path}`
  const domainName = (request.headers.host ?? '127.0.0.1').replace(/:\d+$/, '')
  const cookies = request.headers.cookie?.split(/; */)
  const text = asText(request)
  return {
    version: '2.0',
    routeKey,
    rawPath: path,
    rawQueryString: query,
    ...(cookies && { cookies }),
    headers: headersOf(request, request.socket.localPort ?? 0),
    ...(query !== '' && { queryStringParameters: queryOf(query) }),
    requestContext: {
      accountId: '000000000000',
      apiId: 'local',
      ...(route.iam && { authorizer: caller === undefined ? anybody : toldOf(caller) }),
      domainName,
      domainPrefix: domainName.split('.')[0] ?? domainName,
      http: {
        method: request.method ?? 'GET',
        path,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp: request.socket.remoteAddress ?? '127.0.0.1',
        userAgent: request.headers['user-agent'] ?? '',
      },
      requestId,
      routeKey,
      stage: '$default',
      time: clfTime(now),
      timeEpoch: now.getTime(),
    },
    ...(Object.keys(parameters).length > 0 && { pathParameters: { ...parameters } }),
    ...(body.length > 0 && { body: body.toString(text ? 'utf8' : 'base64') }),
    isBase64Encoded: body.length > 0 && !text,
  }
}
