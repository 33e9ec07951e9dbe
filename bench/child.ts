import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

export interface Running extends AsyncDisposable {
  /** What followed the word `ready`. */
  readonly url: string
  readonly pid: number
  /** Milliseconds from the start to the line that says it is ready. */
  readonly readyMs: number
  /** What it has written so far. */
  said(): string
}

const end = async (child: ChildProcess) => {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const closed = once(child, 'close')
  // The group: npm starts a shell, and that the program.
  process.kill(-child.pid, 'SIGTERM')
  const late = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGKILL'), 15_000)
  await closed
  clearTimeout(late)
}

/**
 * Start a program of this project in a process of its own, and wait until it prints `ready URL`.
 *
 * @param env variables beside the few that it gets from this process
 * @throws Error with what it wrote when it ends before.
 */
export const start = async (
  command: readonly [string, ...string[]],
  env: Readonly<Record<string, string>> = {},
): Promise<Running> => {
  const began = performance.now()
  const [program, ...args] = command
  const child = spawn(program, args, {
    cwd: root,
    // Nothing of the shell's: it may name a real cluster.
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let written = ''
  let said = ''
  child.stderr.on('data', (chunk) => {
    written += chunk
  })
  const lines = createInterface({ input: child.stdout })
  const url = await new Promise<string>((resolve, reject) => {
    lines.on('line', (line) => {
      said += `${line}\n`
      if (line.startsWith('ready ')) resolve(line.slice('ready '.length))
    })
    child.once('error', reject)
    child.once('close', (status) =>
      reject(new Error(`${command.join(' ')} ended with ${status}\n${written}`)),
    )
  })
  const readyMs = performance.now() - began
  return { url, pid: child.pid ?? 0, readyMs, said: () => said, [Symbol.asyncDispose]: () => end(child) }
}

/** The Node that runs this, with a program of this project. */
export const node = (...args: string[]): [string, ...string[]] => [process.execPath, ...args]
