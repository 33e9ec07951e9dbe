import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { runNode } from './run.ts'

/** One operation out of its bundle, in a process that has this file and Node, as on Lambda. */
const program = `
  const [file, input] = process.argv.slice(1)
  require(file)
    .handler(JSON.parse(input), { functionName: 'f', awsRequestId: 'r', getRemainingTimeInMillis: () => 10_000 })
    .then((output) => console.log('answer', JSON.stringify(output)), ({ name }) => console.log('error', name))`

/** @returns what the function of a bundle answered, or the name of its error */
export const invokeBundled = async (
  folder: string,
  module: string,
  input: object,
  env: Record<string, string>,
): Promise<string> => {
  const args = ['-e', program, join(folder, `dist/functions/${module}.cjs`), JSON.stringify(input)]
  const { stdout, stderr } = await runNode(args, { cwd: folder, env })
  return stdout.split('\n').find((line) => /^(answer|error) /.test(line)) ?? stderr
}

/** An HTTP proxy that notes the addresses it is asked for. */
export const startProxy = async () => {
  const asked: string[] = []
  const server = createServer((incoming, answer) => {
    const url = incoming.url ?? ''
    asked.push(url)
    const { method, headers } = incoming
    const onward = request(url, { method, headers }, (response) => {
      answer.writeHead(response.statusCode ?? 500, response.headers)
      response.pipe(answer)
    })
    incoming.pipe(onward)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return { asked, url: `http://127.0.0.1:${port}`, [Symbol.dispose]: () => server.close() }
}
