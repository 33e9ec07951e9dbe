import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { checkOwnAnswer } from './own-answers.ts'

const program = fileURLToPath(new URL('../../local/main.ts', import.meta.url))

/**
 * The whole system as a process of its own, so that it can be killed.
 *
 * @param environment what it is told beside what this process was.
 */
export const startProcess = async (
  state: string,
  args: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
) => {
  const child = spawn(process.execPath, [program, '--port', '0', '--state', state, '--no-images', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  })
  const said: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => said.push(line))
  const lines = createInterface({ input: child.stdout })
  const url = await new Promise<string>((resolve, reject) => {
    lines.on('line', (line) => {
      said.push(line)
      const ready = line.match(/^ready (http:\S+)$/)?.[1]
      if (ready !== undefined) resolve(ready)
    })
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${said.join('\n')}`)))
  })

  const call = async (path: string, body?: unknown): Promise<{ status: number; body: any }> => {
    const response = await fetch(`${url}${path}`, {
      ...(body === undefined
        ? {}
        : { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    })
    const answer = await response.json()
    checkOwnAnswer(body === undefined ? 'GET' : 'POST', path, response.status, answer)
    return { status: response.status, body: answer }
  }

  return {
    url,
    said,
    pid: child.pid ?? 0,
    call,
    /** A driver operation that must succeed. */
    async drive(method: string, input: unknown) {
      const { status, body } = await call(`/driver/${method}`, input)
      if (status >= 300) throw new Error(`${method} answered ${status}: ${JSON.stringify(body)}`)
      return body
    },
    kill: () => ended(child, 'SIGKILL'),
    stop: () => ended(child, 'SIGTERM'),
  }
}
export type SystemProcess = Awaited<ReturnType<typeof startProcess>>

const ended = async (child: ChildProcess, signal: NodeJS.Signals) => {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  child.kill(signal)
  await once(child, 'exit')
  return child.exitCode
}

export const aFolder = async () => {
  const path = await mkdtemp(join(tmpdir(), 'cinderless system '))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
