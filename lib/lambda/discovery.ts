import middy from '@middy/core'
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'
import { versions } from '../api/version.ts'
import { baseOf, respond } from './http.ts'

/** What versions are spoken here: asked before anything else, so nobody has to say who they are. */
export const discovery = middy(async (event: APIGatewayProxyEventV2, context: Context) =>
  respond({
    // Clients look for this at the root, and for the other beneath it.
    status: event.rawPath === '/' ? 300 : 200,
    version: 0,
    requestId: `req-${context.awsRequestId}`,
    output: versions(baseOf(event)),
  }),
)
