import type { FileHandle } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { type Ended, type Started, type Streams, startChild } from './children.ts'
import type { CopyUser } from './guard.ts'
import { memoryFile } from './memory-file.ts'
import { Refusal } from './refusal.ts'
import { type RepositoryRequest, repositoryStore } from './repository-store.ts'
import { resticFault } from './restic-faults.ts'
import type { Run } from './run.ts'
import type { ResticStore } from './stores.ts'

/** restic removes its own lock when it is interrupted. What it does not do within a second it is not given time for. */
const ending = { signal: 'SIGINT', politeMs: 1_000 } as const
/** A day on one processor: reading through a repository takes long, and nothing else bounds it. */
const cpuSeconds = 86_400
/**
 * Volumes are large: packs of 64 MiB are a quarter as many files or objects as those of 16 MiB that restic makes by itself,
 * and each is synced. With garbage collected at three times what is alive rather than at one and a half, a backup takes a
 * twenty-fifth less time and 160 MB rather than 110.
 *
 * @see restic 0.14.0, cmd/restic/main.go tweakGoGC and global.go --pack-size
 */
const tuned = { RESTIC_PACK_SIZE: '64', GOGC: '200' }
/** The commands that a volume's bytes go through: of others the heap is an index, which may be large. */
const moving: ReadonlySet<string> = new Set(['backup', 'dump'])
/**
 * What restic tries ten times, for most of a minute, though it does not help. What is not there is among it: a lock or a
 * snapshot that somebody removed between restic's listing and its look. Told to stop in that, `snapshots` says that there
 * are none.
 *
 * @see restic 0.14.0; from 0.17 on it does not look again for what is not there
 */
const hopeless =
  /retrying after .*: .*(?:permission denied|no space left on device|quota exceeded|read-only file system|no such file or directory|key does not exist)/i
/**
 * Where the server is away for longer than restic tries, it knows nothing of the snapshots there, says so beside, and has
 * had success.
 *
 * @see restic 0.14.0, cmd/restic/find.go
 */
const unlisted = /could not load snapshot/

/** One repository, opened for one task. Its secrets go with it. */
export interface Restic extends AsyncDisposable {
  /** As requests name it. */
  readonly name: string
  readonly store: ResticStore
  /** What restic calls it. */
  readonly place: string
  /** Whom restic runs as; undefined where that is the agent itself. */
  readonly user: CopyUser | undefined
  readonly signal: AbortSignal
  /** The same for what must be done after the task was told to stop. */
  within(signal: AbortSignal, place?: string): Restic
  /** Start a command. `assertEnded` throws what restic said was wrong. */
  start(args: readonly [string, ...string[]], streams?: Streams): Started
  /** @returns what it said @throws Refusal */
  run(args: readonly [string, ...string[]]): Promise<string>
  /** @throws Refusal the task's own reason where it was told to stop, else what restic said */
  assertEnded(command: string, ended: Ended): void
}

/**
 * What a task needs of restic. The password is in a file in memory that only its descriptor leads to, the keys are in
 * the child's environment: neither is on a command line or on a disk. There is no cache: it would have to be shared
 * between the agent and its child, and bounded, for what is milliseconds with a folder.
 *
 * @throws Refusal `bad_request`, `tool_missing`
 */
export const openRestic = async (run: Run<RepositoryRequest>): Promise<Restic> => {
  const { context, request } = run
  const { store, secrets } = repositoryStore(context.config, request)
  const { backupUser } = context.config
  const user = backupUser === 'agent' ? undefined : context.guard.user && backupUser
  const password = await memoryFile(secrets.password, user)
  const opened = { run, store, user, password, keys: keysOf(store, secrets) }
  return resticAt(opened, placeOf(store), run.signal)
}

interface Opened {
  readonly run: Run<RepositoryRequest>
  readonly store: ResticStore
  readonly user: CopyUser | undefined
  readonly password: FileHandle
  readonly keys: Readonly<Record<string, string>>
}

const resticAt = (opened: Opened, place: string, signal: AbortSignal): Restic => {
  const { run, store, user, password, keys } = opened
  const { tools, guard, mark } = run.context
  const { restic: program } = tools
  const hidden = Object.values(run.request.secrets ?? {}).filter((secret) => secret !== undefined)

  const start: Restic['start'] = ([command, ...args], streams) => {
    signal.throwIfAborted()
    if (program === undefined) throw new Refusal('tool_missing', 'restic is not installed: npm run setup')
    const stop = new AbortController()
    const { stdout, ended } = startChild(
      {
        tools,
        guard: { ...guard, user, noNetwork: guard.noNetwork && store.s3 === undefined },
        mark,
        program,
        args: [command, '--no-cache', '--repo', place, ...optionsOf(store), ...args],
        descriptors: [password.fd],
        env: {
          ...(moving.has(command) && tuned),
          RESTIC_PASSWORD_FILE: '/proc/self/fd/3',
          RESTIC_PROGRESS_FPS: '0.1',
          ...keys,
        },
        cpuSeconds,
        spacious: true,
        signal: AbortSignal.any([signal, stop.signal]),
        ending,
        onError: (said) => {
          if (hopeless.test(said)) stop.abort()
        },
      },
      streams,
    )
    return { stdout, ended: ended.then((end) => (stop.signal.aborted ? { ...end, code: null } : end)) }
  }
  const assertEnded: Restic['assertEnded'] = (command, ended) => {
    if (ended.code === 0 && !unlisted.test(ended.stderr)) return
    signal.throwIfAborted()
    const fault = resticFault(command, ended, hidden)
    // One that cannot be opened is none that could be restored, and hinders none of the others.
    if (ended.code === 0 && fault.code === 'repository_damaged') return
    throw fault
  }
  return {
    name: run.request.repository,
    store,
    place,
    user,
    signal,
    within: (other, elsewhere = place) => resticAt(opened, elsewhere, other),
    start,
    assertEnded,
    run: async (args) => {
      const { stdout, ended } = start(args)
      const [said, end] = await Promise.all([stdout === null ? '' : text(stdout), ended])
      assertEnded(args[0], end)
      return said
    },
    [Symbol.asyncDispose]: () => password.close(),
  }
}

const placeOf = ({ path, s3 }: ResticStore): string =>
  s3 === undefined ? `${path}` : `s3:${s3.endpoint.replace(/\/$/, '')}/${s3.bucket}/${s3.prefix}`

const optionsOf = ({ s3 }: ResticStore): string[] =>
  s3 === undefined
    ? []
    : ['-o', `s3.region=${s3.region}`, '-o', `s3.bucket-lookup=${s3.pathStyle ? 'path' : 'dns'}`]

const keysOf = (
  { s3 }: ResticStore,
  { accessKeyId, secretAccessKey, sessionToken }: Readonly<Record<string, string | undefined>>,
): Record<string, string> =>
  s3 === undefined
    ? {}
    : {
        ...(accessKeyId !== undefined && { AWS_ACCESS_KEY_ID: accessKeyId }),
        ...(secretAccessKey !== undefined && { AWS_SECRET_ACCESS_KEY: secretAccessKey }),
        ...(sessionToken !== undefined && { AWS_SESSION_TOKEN: sessionToken }),
      }
