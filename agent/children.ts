import { type ChildProcess, spawn } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { becoming, type Guard } from './guard.ts'
import type { Tools } from './tools.ts'

/** How long a child may take to end by itself when asked to. */
const politeMs = 2_000
/** Bounds every child: core dumps, open files, address space. */
const limits = ['--core=0', '--nofile=256']
const addressSpace = '--as=4294967296'

export interface Child {
  readonly tools: Tools
  readonly guard: Guard
  /** Names the agent's state folder in the child's environment, so that the next agent finds what was left. */
  readonly mark: string
  readonly program: string
  readonly args: readonly string[]
  /** Become descriptors 3, 4, … of the child. */
  readonly descriptors: readonly number[]
  /** Processor time the child may use at most. */
  readonly cpuSeconds: number
  /** Aborted: the child is asked to end, then made to. */
  readonly signal: AbortSignal
  /** What asks it to end, and how long it may take: SIGTERM, and 2 s. */
  readonly ending?: { readonly signal: NodeJS.Signals; readonly politeMs: number }
  /** Beside what every child gets. */
  readonly env?: Readonly<Record<string, string>>
  /** What it says on standard error, as it comes. */
  readonly onError?: (text: string) => void
  /** Where the program takes more address space than it will use, as those in Go do. */
  readonly spacious?: true
  readonly onOutput: (text: string) => void
}

/** Standard input is nothing, and standard output a pipe, unless said. */
export interface Streams {
  /** An open file: the child reads on from where that stands. */
  readonly stdin?: number
  readonly stdout?: Socket
}

export interface Started {
  readonly stdout: Readable | null
  /** When no process is left. Rejects where none could be started. */
  readonly ended: Promise<Ended>
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The end of what it said on standard error. */
  readonly stderr: string
}

/**
 * Run a program without a shell, in an environment of nothing but what it needs, and wait until it is gone:
 * when this returns or throws, no process is left. It dies with the agent.
 */
export const runChild = async (child: Child): Promise<Ended> => {
  child.signal.throwIfAborted()
  const { stdout, ended } = startChild(child)
  stdout?.setEncoding('latin1').on('data', child.onOutput)
  return ended
}

/** The same for a child whose streams the caller reads and writes: it must read to the end, or destroy what it does not read. */
export const startChild = (child: Omit<Child, 'onOutput'>, { stdin, stdout }: Streams = {}): Started => {
  const [program, ...args] = wrapped(child)
  const running = spawn(program, args, {
    // One arena: qemu-img aborts under an address space limit when every thread has its own.
    env: { LC_ALL: 'C', MALLOC_ARENA_MAX: '1', ...child.env, ...markOf(child.mark) },
    stdio: [stdin ?? 'ignore', stdout ?? 'pipe', 'pipe', ...child.descriptors],
  })
  return { stdout: running.stdout, ended: endOf(running, child) }
}

const endOf = (
  running: ChildProcess,
  { signal, ending, onError }: Pick<Child, 'signal' | 'ending' | 'onError'>,
): Promise<Ended> =>
  new Promise((resolve, reject) => {
    let stderr = ''
    running.stderr?.setEncoding('latin1').on('data', (text: string) => {
      stderr = (stderr + text).slice(-4096)
      onError?.(text)
    })
    let force: NodeJS.Timeout | undefined
    const stop = () => {
      running.kill(ending?.signal ?? 'SIGTERM')
      force = setTimeout(() => running.kill('SIGKILL'), ending?.politeMs ?? politeMs)
    }
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
    const gone = () => {
      clearTimeout(force)
      signal.removeEventListener('abort', stop)
    }
    running.once('error', (error) => {
      // Raised too when a signal could not be sent: then it still runs, and `close` will come.
      if (running.pid !== undefined) return
      gone()
      reject(error)
    })
    running.once('close', (code, bySignal) => {
      gone()
      resolve({ code, signal: bySignal, stderr: stderr.trim() })
    })
  })

/** From the outside in: no network, no rights and an end with the agent, limits, the program. */
const wrapped = ({
  tools,
  guard,
  program,
  args,
  cpuSeconds,
  spacious,
}: Omit<Child, 'onOutput'>): [string, ...string[]] => {
  const { prlimit, setpriv, unshare } = tools
  const limited: [string, ...string[]] = prlimit
    ? [prlimit, ...limits, ...(spacious ? [] : [addressSpace]), `--cpu=${cpuSeconds}`, '--', program, ...args]
    : [program, ...args]
  const rights = ['--pdeathsig', 'KILL', '--no-new-privs', ...(guard.user ? becoming(guard.user) : [])]
  const tied: typeof limited = setpriv ? [setpriv, ...rights, '--', ...limited] : limited
  return unshare && guard.noNetwork ? [unshare, '--net', '--', ...tied] : tied
}

const variable = 'CINDERLESS_AGENT'
const markOf = (mark: string) => ({ [variable]: mark })

/**
 * Kill what an earlier agent of the same state folder left running, and wait until it is gone. They are known
 * by a mark in their environment, which is there from the moment they start: a record in the journal would
 * come a moment late.
 *
 * @returns how many there were
 */
export const killLeftovers = async (mark: string): Promise<number> => {
  const left = await marked(mark)
  for (let waited = 0; (await marked(mark)).length > 0; waited += 1) {
    for (const pid of await marked(mark)) kill(pid)
    // A process in the middle of a disk request ends when that returns, not before.
    await sleep(Math.min(10 * 2 ** waited, 500))
  }
  return left.length
}

const marked = async (mark: string): Promise<number[]> => {
  const found: number[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue
    if (await isChild(mark, name)) found.push(Number(name))
  }
  return found
}

/** Whether a process bears the mark. One that is gone does not, nor one of somebody else's; a zombie has no environment. */
export const isChild = async (mark: string, pid: string): Promise<boolean> => {
  const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '')
  return environment.split('\0').includes(`${variable}=${mark}`)
}

const kill = (pid: number) => {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Gone meanwhile.
  }
}
