import { once } from 'node:events'
import { mkdir, stat } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { type Logger, logger } from '../lib/log.ts'
import { killLeftovers } from './children.ts'
import { type AgentConfig, CannotStart } from './config.ts'
import type { Context } from './context.ts'
import { dispatcher } from './dispatch.ts'
import { findGuard } from './guard.ts'
import { agentServer } from './http.ts'
import { openJournal } from './journal.ts'
import { lineServer } from './line-server.ts'
import { closed, listenAt, listenOn } from './listen.ts'
import { beginMemory } from './memory.ts'
import { operations } from './operations.ts'
import { Refusal } from './refusal.ts'
import { apply, emptyState, JournalRecord, records } from './state.ts'
import { taskEngine } from './tasks.ts'
import { mutualTls } from './tls.ts'
import { findTools, missingTools } from './tools.ts'

export interface Agent extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** What this host lacks, each as a sentence with its remedy. */
  readonly missing: readonly string[]
  /** Whether a task of its is under way. */
  readonly isBusy: () => boolean
  /** Stop. Tasks that run are cut off: an agent on the same state folder goes on with them once they are asked for again. */
  close(): Promise<void>
}

/**
 * Start the host agent: take its state folder, end what an earlier agent left running, read the journal, listen,
 * with unfinished tasks waiting to be asked for again.
 *
 * @throws CannotStart with one line that says what is wrong and how to mend it
 */
export const startAgent = async (config: AgentConfig, log: Logger = logger()): Promise<Agent> => {
  const { mark, lock } = await takeFolder(config.state)
  const opened: (() => Promise<unknown>)[] = [() => closed(lock)]
  try {
    const left = await killLeftovers(mark)
    if (left > 0) log.warn('killed what an earlier agent left running', { processes: left })

    const state = emptyState()
    const file = join(config.state, 'journal.jsonl')
    const replay = (record: JournalRecord) => apply(state, record)
    const journal = await openJournal(file, JournalRecord, replay, () => records(state))
    opened.unshift(() => journal.close())

    const tools = findTools()
    const guard = findGuard(tools, config.copyUser)
    const missing = [...missingTools(tools), ...guard.lacks]
    for (const line of missing) log.warn(line)
    const context: Context = {
      config,
      tools,
      guard,
      mark,
      state,
      journal,
      log,
      record: (record) => {
        apply(state, record)
        return journal.append(record).catch((error: unknown) => {
          throw new Refusal('journal_unwritable', `The agent cannot write its journal: ${reasonOf(error)}`)
        })
      },
      note: (record) => {
        apply(state, record)
        journal.note(record)
      },
    }
    await beginMemory(context)
    const tasks = taskEngine(context)
    opened.unshift(() => tasks.close())
    // Before anybody can ask for one of them.
    await tasks.interrupt()

    const closing = new AbortController()
    const dispatch = dispatcher(operations(context, tasks), tasks, closing.signal, log)
    const tls = config.tls && (await mutualTls(config.tls, log))
    const server = agentServer(dispatch, closing.signal, tls)
    const port = await listenOn(server, config.listen)
    const servers: Server[] = [server]
    opened.unshift(async () => {
      closing.abort()
      server.closeIdleConnections()
      await Promise.all(servers.map(closed))
    })
    if (config.socket !== undefined) {
      const lines = lineServer(dispatch, closing.signal)
      await listenAt(lines, config.socket, config.socketUser)
      servers.push(lines)
    }
    await tasks.clearLeftovers()

    const close = onlyOnce(async () => {
      for (const end of opened) await end()
    })
    const { address } = config.listen
    const url = `${tls ? 'https' : 'http'}://${address.includes(':') ? `[${address}]` : address}:${port}`
    return { url, port, missing, isBusy: () => tasks.active > 0, close, [Symbol.asyncDispose]: close }
  } catch (error) {
    for (const end of opened) await end()
    throw error
  }
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error))

const onlyOnce = <T>(run: () => Promise<T>) => {
  let result: Promise<T> | undefined
  return () => (result ??= run())
}

/**
 * The state folder, taken for this process alone by listening on a name in the kernel: it goes when the process
 * does, however that ends.
 */
const takeFolder = async (folder: string) => {
  const { dev, ino } = await mkdir(folder, { recursive: true, mode: 0o700 })
    .then(() => stat(folder))
    .catch((error: Error) => {
      throw new CannotStart(`The state folder cannot be used: ${error.message}`)
    })
  const mark = `${dev}-${ino}`
  const lock = createServer().listen(`\0cinderless-agent-${mark}`)
  try {
    await once(lock, 'listening')
  } catch {
    throw new CannotStart(
      `Another agent works with ${folder}: stop it, or give this one another state folder`,
    )
  }
  lock.unref()
  return { mark, lock }
}
