import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { mkdtemp, open, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import { parseConfig } from '../../agent/config.ts'
import { startAgent } from '../../agent/server.ts'
import { agentClient } from '../../lib/agent/client.ts'
import type { CopyImage, ImageFormat, Task } from '../../lib/agent/tasks.ts'
import { logger } from '../../lib/log.ts'

export const MiB = 1024 ** 2
const quiet = logger('error', () => true)

/** The tests of the agent run the real tool: without it they say so, rather than pass by not running. */
export const qemuImg = (...args: string[]): string => {
  try {
    return execFileSync('qemu-img', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new Error('qemu-img is missing, and these tests need it: npm run setup')
    }
    throw error
  }
}

/** The same of the tests of backups. */
export const restic = (repository: string, password: string, ...args: string[]): string => {
  try {
    return execFileSync('restic', ['--no-cache', '-r', repository, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, RESTIC_PASSWORD: password },
      maxBuffer: 512 * MiB,
    })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new Error('restic is missing, and these tests need it: npm run setup')
    }
    throw error
  }
}

/** Within seconds: every call in these tests has this deadline. */
export const soon = () => Date.now() + 25_000

export const clientId = 7
export const globalId = 'bzk.b.gj'
export const attachment = (generation = 1, id = `a${generation}`) => ({ id, generation })

/** A record as the journal holds it. */
export const journalLine = (record: object) => {
  const json = JSON.stringify(record)
  return `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`
}

/** Folders as a host has them: devices by global id, images, and the agent's own. */
export const makeHost = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cinderless agent-'))
  const at = (...names: string[]) => join(folder, ...names)
  // Where the tests run as root the agent's children are somebody else, who owns a folder in here.
  chmodSync(folder, 0o711)
  for (const name of ['dev/storpool-byid', 'images', 'volumes', 'state'])
    mkdirSync(at(name), { recursive: true })
  // An agent that has been at work for long: a new one asks first which attachments are current.
  await writeFile(at('state/journal.jsonl'), journalLine({ t: 'begun', at: '2020-01-01T00:00:00.000Z' }))
  const settings = {
    host: 'alpha',
    clientId,
    // Whatever this machine is to a cluster of its own.
    storpoolConf: at('storpool.conf'),
    listen: { address: '127.0.0.1', port: 0 },
    devices: at('dev'),
    images: at('images'),
    state: at('state'),
    segmentBytes: MiB,
  }
  return {
    at,
    settings,
    config: parseConfig(settings),
    start: async (changes: object = {}) => {
      const agent = await startAgent(parseConfig({ ...settings, ...changes }), quiet)
      return { agent, client: agentClient({ url: agent.url }) }
    },
    /** A sparse file with a link by global id, as the simulator attaches a volume. */
    attach: async (sizeBytes: number, { id = globalId, fill }: { id?: string; fill?: string } = {}) => {
      const file = at('volumes', id)
      await using handle = await open(file, 'w')
      if (fill !== undefined) await handle.write(Buffer.alloc(sizeBytes, fill))
      await handle.truncate(sizeBytes)
      await symlink(file, at('dev/storpool-byid', id))
      return file
    },
    image: async (name: string, content: Buffer) => {
      await writeFile(at('images', name), content)
      return at('images', name)
    },
    /** Processes the agent of this host has started and that still are. */
    children: () => {
      const { dev, ino } = statSync(at('state'))
      return processesMarked(`${dev}-${ino}`)
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}
export type Host = Awaited<ReturnType<typeof makeHost>>

/** Children of an agent, by what it put into their environment. */
export const processesMarked = (mark: string) =>
  readdirSync('/proc').filter(
    (pid) => /^\d+$/.test(pid) && environmentOf(pid).includes(`CINDERLESS_AGENT=${mark}`),
  )

const environmentOf = (pid: string) => {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')
  } catch {
    return []
  }
}

export const copyRequest = (
  name: string,
  format: ImageFormat,
  sizeBytes: number,
  changes: Partial<CopyImage> = {},
): CopyImage => ({
  requestId: 'request-1',
  clientId,
  volume: { globalId, sizeBytes },
  attachment: attachment(),
  source: { kind: 'folder', name },
  format,
  targetState: 'unknown',
  ...changes,
})

type Client = ReturnType<typeof agentClient>

export const ended = async (client: Client, id = 'request-1'): Promise<Task> => {
  const look = () => client.task({ id, waitSeconds: 20 }, soon())
  const runs = ({ state }: Task) => state === 'queued' || state === 'running'
  // A slow machine gets twice the time that one request may wait.
  const seen = await look()
  const task = runs(seen) ? await look() : seen
  if (runs(task)) throw new Error(`${id} still runs: ${JSON.stringify(task)}`)
  return task
}

/** What a task is after a restart: over, with all that it needs to go on when it is asked for again. */
export const cutOff = { state: 'failed', error: { code: 'interrupted', retryable: true } }

/** Wait until a copy is under way, but far from its end. */
export const underWay = async (client: Client, least: number, id = 'request-1'): Promise<Task> =>
  until(async () => {
    const task = await client.task({ id }, soon())
    if (task.state !== 'queued' && task.state !== 'running') throw new Error(`ended: ${JSON.stringify(task)}`)
    return task.doneBytes >= least ? task : undefined
  })

/** Ask until there is an answer. */
export const until = async <T>(ask: () => Promise<T | undefined> | T | undefined): Promise<T> => {
  const giveUp = Date.now() + 50_000
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (Date.now() > giveUp) throw new Error('It did not come about in 50 s')
    await sleep(5)
  }
}

export const sha256 = async (file: string, bytes?: number) =>
  createHash('sha256')
    .update((await readFile(file)).subarray(0, bytes))
    .digest('hex')

/** Bytes that compress to nothing less. */
export const noise = (bytes: number) => randomBytes(bytes)

export const remove = (file: string) => rmSync(file, { force: true })
