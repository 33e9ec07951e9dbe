import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Durable } from './durable.ts'
import { type Answer, durableCalls, maxSyncBytes } from './durable-calls.ts'
import { LambdaApiError } from './durable-operations.ts'
import type { Functions } from './functions.ts'
import { type LocalServer, listen, readBody } from './http.ts'

/** Bytes around a payload: names and times of a checkpoint's operations. */
const envelopeBytes = 1024 * 1024

/** Serve Lambda's API on this machine; errors are the exceptions its clients know. */
export const startDurableApi = (durable: Durable, functions: Functions): Promise<LocalServer> => {
  const calls = durableCalls(durable, functions)

  const handle = async (request: IncomingMessage): Promise<Answer> => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1')
    for (const [method, pattern, operation] of calls) {
      const parameter = method === request.method ? pattern.exec(url.pathname)?.[1] : undefined
      if (parameter === undefined) continue
      const body = await readBody(request, maxSyncBytes + envelopeBytes)
      if (!body) throw new LambdaApiError('RequestTooLargeException', 413, 'The payload is too large.')
      const call = {
        parameter: decodeURIComponent(parameter),
        query: url.searchParams,
        headers: request.headers,
        body,
      }
      return operation(call)
    }
    throw new LambdaApiError(
      'UnknownOperationException',
      404,
      `There is no ${request.method} ${url.pathname} here.`,
    )
  }

  const answer = (response: ServerResponse, { status = 200, headers = {}, body }: Answer): void => {
    const bytes = body === undefined ? '' : JSON.stringify(body)
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(bytes)
  }

  const onRequest = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      answer(response, await handle(request))
    } catch (error) {
      const known = error instanceof LambdaApiError
      const name = known ? error.name : 'ServiceException'
      const message = error instanceof Error ? error.message : String(error)
      const headers = { 'x-amzn-errortype': name }
      answer(response, {
        status: known ? error.status : 500,
        headers,
        body: { Type: 'User', message, Message: message },
      })
    }
  }
  return listen((request, response) => void onRequest(request, response), { keepAliveTimeout: 65_000 })
}
