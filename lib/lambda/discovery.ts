import middy from '@middy/core'
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'
import { versions } from '../api/version.ts'
import { baseOf, respond } from './http.ts'

/** Clients look for the versions at the root, and for the other answer beneath it. */
const statuses: Readonly<Record<string, number>> = { '/': 300, '/v3': 200, '/v3/': 200 }

/** What versions are spoken here: asked before anything else, so nobody has to say who they are. */
export const discovery = middy(async (event: APIGatewayProxyEventV2, context: Context) => {
  const { rawPath } = event
  const requestId = `req-${context.awsRequestId}`
  const status = statuses[rawPath]
  if (status !== undefined) return respond({ status, version: 0, requestId, output: versions(baseOf(event)) })
  const message = `there is no GET ${rawPath.slice(0, 200)}`
  return respond({
    status: 404,
    version: 0,
    requestId,
    output: { error: { name: 'NoSuchRoute', message, requestId } },
  })
})
