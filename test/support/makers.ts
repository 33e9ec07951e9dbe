import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'

export const volumeId = '9a1f0e0c-54a3-4f0e-8f0b-6b8f3a2d1c00'
export const snapshotId = '5c0ffee0-1111-4f0e-8f0b-6b8f3a2d1c01'
export const copyId = 'c0b1e5ed-2222-4f0e-8f0b-6b8f3a2d1c02'

export const aVolume = (change: Record<string, unknown> = {}) => ({ id: volumeId, size: 1, ...change })

export const nameOf = (id: string) => `os--volume-${id}`
export const snapshotNameOf = (id: string) => `os--snap--none--snapshot-${id}`

/** A Lambda context with this much time left. */
export const aContext = (functionName: string, remainingMs = 29_000): Context => {
  const end = Date.now() + remainingMs
  return {
    awsRequestId: `request-of-${functionName}`,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:eu-central-1:000000000000:function:${functionName}`,
    memoryLimitInMB: '512',
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: 'test',
    callbackWaitsForEmptyEventLoop: false,
    getRemainingTimeInMillis: () => end - Date.now(),
    done: () => undefined,
    fail: () => undefined,
    succeed: () => undefined,
  }
}

/** What API Gateway sends for one request (HTTP API, payload 2.0). */
export const anHttpEvent = (
  method: string,
  path: string,
  {
    body,
    headers = {},
    query,
    parameters,
  }: {
    body?: string
    headers?: Record<string, string>
    query?: Record<string, string>
    parameters?: Record<string, string>
  } = {},
): APIGatewayProxyEventV2 => ({
  version: '2.0',
  routeKey: `${method} ${path}`,
  rawPath: path,
  rawQueryString: '',
  headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
  ...(query === undefined ? {} : { queryStringParameters: query }),
  ...(parameters === undefined ? {} : { pathParameters: parameters }),
  requestContext: {
    accountId: '000000000000',
    apiId: 'test',
    domainName: 'localhost',
    domainPrefix: 'localhost',
    http: { method, path, protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'test' },
    requestId: 'gateway-request',
    routeKey: `${method} ${path}`,
    stage: '$default',
    time: '22/Nov/2026:12:00:00 +0000',
    timeEpoch: 1_795_348_800_000,
  },
  ...(body === undefined ? {} : { body }),
  isBase64Encoded: false,
})
