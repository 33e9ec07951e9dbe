import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('clients.py', import.meta.url))

/** What a command ended with, and said. */
export interface Said {
  readonly status: number
  readonly out: string
  readonly err: string
}

/** The command lines of OpenStack, one command after the other. */
export const startClients = () => {
  const child = spawn('/usr/bin/python3', [script], { stdio: ['pipe', 'pipe', 'inherit'] })
  const waiting: { answered: (said: Said) => void; lost: (error: Error) => void }[] = []
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.answered(JSON.parse(line)))
  child.once('exit', () => {
    for (const { lost } of waiting) lost(new Error('clients.py has ended'))
  })

  return {
    run: (program: string, args: readonly string[], env: Readonly<Record<string, string>>) =>
      new Promise<Said>((answered, lost) => {
        waiting.push({ answered, lost })
        child.stdin.write(`${JSON.stringify({ program, args, env })}\n`)
      }),
    async close() {
      if (child.exitCode !== null) return
      child.stdin.end()
      await once(child, 'exit')
    },
  }
}
export type Clients = ReturnType<typeof startClients>
