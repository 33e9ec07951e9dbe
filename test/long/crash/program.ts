import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Order, Report } from './hold.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const hold = new URL('hold.ts', import.meta.url).href

/** One of the project's programs, as its command in package.json starts it, but for what holds it at a moment. */
export const startProgram = async (
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
) => {
  const command = ['--max-semi-space-size=4', '--import', hold, 'build/run.mjs', program, ...args]
  const child = spawn(process.execPath, command, {
    cwd: root,
    env: { ...process.env, NODE_OPTIONS: '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const said: string[] = []
  const exited = once(child, 'exit')
  createInterface({ input: child.stderr! }).on('line', (line) => said.push(line))
  const lines = createInterface({ input: child.stdout! })
  const url = await new Promise<string>((resolve, reject) => {
    lines.on('line', (line) => {
      said.push(line)
      const ready = /^ready (http:\S+)$/.exec(line)?.[1]
      if (ready !== undefined) resolve(ready)
    })
    child.once('exit', (code) => reject(new Error(`${program} ended with ${code}: ${said.join('\n')}`)))
  })
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    await exited
  }
  return {
    url,
    pid: child.pid ?? 0,
    /** What it printed. */
    said,
    order: (order: Order) => void child.send(order),
    onReport: (listener: (report: Report) => void) => void child.on('message', listener),
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  }
}
export type Program = Awaited<ReturnType<typeof startProgram>>

/** Ask for JSON, or post it. @throws Error what was answered, where that is no success. */
export const ask = async (url: string, body?: unknown): Promise<any> => {
  const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
  const response = await fetch(url, body === undefined ? {} : post)
  const text = await response.text()
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${text}`)
  return JSON.parse(text)
}
