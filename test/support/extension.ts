import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export const session = 'session-token-of-the-function'

export type Answer = (response: ServerResponse) => void

/** Lambda's extension for secrets: answers whoever shows the function's session token, as it is told for each secret. */
export const startExtension = async () => {
  const answers = new Map<string, Answer>()
  const asked: string[] = []
  const server = createServer((request: IncomingMessage, response) => {
    const url = new URL(request.url ?? '', 'http://127.0.0.1')
    const id = url.searchParams.get('secretId') ?? ''
    asked.push(id)
    const known = request.headers['x-aws-parameters-secrets-token'] === session
    if (!known || url.pathname !== '/secretsmanager/get') response.writeHead(403).end()
    else answers.get(id)?.(response)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    asked,
    port: (server.address() as AddressInfo).port,
    holds: (id: string, text: string) =>
      answers.set(id, (response) => response.end(JSON.stringify({ Name: id, SecretString: text }))),
    answers: (id: string, answer: Answer) => answers.set(id, answer),
    close: async () => {
      server.closeAllConnections()
      if (server.listening) await once(server.close(), 'close')
    },
  }
}
