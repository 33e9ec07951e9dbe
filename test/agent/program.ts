import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { agentClient } from '../../lib/agent/client.ts'
import type { Host } from './support.ts'

export interface ProgramOptions {
  /** What the agent is started by. */
  readonly wrapper?: readonly string[]
  /** Settings beside the host's. */
  readonly changes?: object
}

/** The agent as a program of its own, so that it can be killed. */
export const startProgram = async (host: Host, { wrapper = [], changes = {} }: ProgramOptions = {}) => {
  const file = host.at('agent.json')
  await writeFile(file, JSON.stringify({ ...host.settings, ...changes }))
  const [command, ...args] = [...wrapper, process.execPath, 'agent/main.ts', '--config', file]
  const program: ChildProcess = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const url = await new Promise<string>((resolve, reject) => {
    program.once('exit', (code) => reject(new Error(`the agent ended with ${code}`)))
    createInterface({ input: program.stdout! }).on('line', (line) => {
      const [, found] = /^ready (\S+)/.exec(line) ?? []
      if (found !== undefined) resolve(found)
    })
  })
  const gone = async () => {
    if (program.exitCode === null && program.signalCode === null) await once(program, 'exit')
  }
  const kill = async () => {
    program.kill('SIGKILL')
    await gone()
  }
  return { url, client: agentClient({ url }), pid: program.pid, kill, gone, [Symbol.asyncDispose]: kill }
}
