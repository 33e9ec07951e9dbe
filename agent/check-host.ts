import { execFile } from 'node:child_process'
import { access, constants, lstat, stat } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import type { Settings } from './config.ts'
import { type Finding, finding } from './finding.ts'
import { findGuard } from './guard.ts'
import { closed, listenOn, userNamed } from './listen.ts'
import { findTools, missingTools } from './tools.ts'

const run = promisify(execFile)
/** Older ones do not know zstd, which images may be compressed with, or compress no backups. */
const least = { qemuImg: [5, 1], restic: [0, 14] } as const

export const checkTools = async ({ copyUser }: Settings): Promise<Finding[]> => {
  const tools = findTools()
  const missing = missingTools(tools).map((line) => finding('programs', 'missing', line))
  const lacks = findGuard(tools, copyUser).lacks.map((line) => finding('isolation', 'partly', line))
  const { qemuImg, restic } = tools
  return [
    ...(missing.length > 0 ? missing : [finding('programs', 'all there')]),
    ...(qemuImg ? [await versionOf('qemu-img', qemuImg, ['--version'], least.qemuImg, 'qemu-utils')] : []),
    ...(restic ? [await versionOf('restic', restic, ['version'], least.restic)] : []),
    ...(lacks.length > 0 ? lacks : [finding('isolation', 'another user, no network')]),
  ]
}

const versionOf = async (
  name: string,
  program: string,
  args: readonly string[],
  [leastMajor, leastMinor]: readonly [number, number],
  packageName = name,
): Promise<Finding> => {
  const said = await run(program, [...args]).then(
    ({ stdout }) => stdout,
    (error: unknown) => reasonOf(error),
  )
  const [version, major, minor] = /\b(\d+)\.(\d+)(?:\.\d+)*/.exec(said) ?? []
  if (version === undefined) return finding(name, said, `Install it: apt-get install ${packageName}`)
  const old = Number(major) < leastMajor || (Number(major) === leastMajor && Number(minor) < leastMinor)
  const remedy = `${leastMajor}.${leastMinor} or later is needed: upgrade ${packageName}`
  return finding(name, version, old ? remedy : undefined)
}

export const checkFolders = async ({
  devices,
  images,
  state,
  staging,
  stores,
}: Settings): Promise<Finding[]> => [
  await folder('devices', devices, constants.R_OK | constants.X_OK, 'It is /dev on a host with StorPool'),
  await folder('images', images, constants.R_OK | constants.X_OK, 'Make it, or name another as images'),
  await ownFolder('state', state),
  ...(staging === undefined ? [] : [await ownFolder('staging', staging)]),
  ...(await Promise.all(
    Object.entries(stores).flatMap(([name, store]) =>
      store.kind === 'folder' ? [shelf(`store ${name}`, store.path)] : [],
    ),
  )),
]

const shelf = (what: string, path: string) =>
  folder(
    what,
    path,
    constants.R_OK | constants.W_OK | constants.X_OK,
    `Make ${path}, owned by the agent; under systemd, name it as ReadWritePaths of the unit`,
  )

const folder = async (what: string, path: string, mode: number, remedy: string): Promise<Finding> => {
  try {
    if (!(await stat(path)).isDirectory()) return finding(what, `${path} is no folder`, remedy)
    await access(path, mode)
    return finding(what, path)
  } catch (error) {
    return finding(what, reasonOf(error), remedy)
  }
}

const ownFolder = async (what: string, path: string): Promise<Finding> => {
  const there = await lstat(path).catch(() => undefined)
  if (there === undefined) {
    return folder(what, dirname(path), constants.W_OK, `Make ${path}, owned by the agent, mode 0700`)
  }
  const whole = await folder(what, path, constants.W_OK | constants.X_OK, `chown it to the agent's user`)
  if (whole.remedy !== undefined) return whole
  const own = there.isDirectory() && there.uid === process.getuid?.() && (there.mode & 0o077) === 0
  const is = `${path} is open to others`
  return own ? whole : finding(what, is, `chown it to the agent's user, and chmod 0700 ${path}`)
}

/** Certificates are good from one hour to another, and records are told apart by time. */
export const checkClock = async (): Promise<Finding> => {
  const said = await run('timedatectl', ['show', '--property=NTPSynchronized', '--value']).then(
    ({ stdout }) => stdout.trim(),
    () => 'unknown',
  )
  if (said === 'yes') return finding('clock', 'synchronized')
  if (said !== 'no')
    return finding('clock', `${new Date().toISOString()}; whether it is right cannot be told here`)
  return finding('clock', 'not synchronized', 'Install chrony or systemd-timesyncd, and let it run')
}

export const checkSocket = async (path: string, user: string | undefined): Promise<Finding> => {
  try {
    await access(dirname(path), constants.W_OK | constants.X_OK)
    if (user !== undefined) await userNamed(user)
    const there = await lstat(path).catch(() => undefined)
    if (there === undefined || there.isSocket()) return finding('socket', path)
    return finding('socket', `${path} is no socket`, 'Name another as socket')
  } catch (error) {
    return finding('socket', reasonOf(error), 'Make its folder and its user; see docs/agent.md, SSH')
  }
}

/** Free, or taken by the agent of this very state folder. */
export const checkAddress = async ({ listen, state }: Settings): Promise<Finding> => {
  const where = `${listen.address}, port ${listen.port}`
  if (await agentRuns(state)) return finding('address', `${where}: the agent runs`)
  const server = createServer()
  try {
    await listenOn(server, listen)
    await closed(server)
    return finding('address', `${where} is free`)
  } catch (error) {
    return finding('address', where, reasonOf(error))
  }
}

const agentRuns = async (state: string): Promise<boolean> => {
  const there = await stat(state).catch(() => undefined)
  if (there === undefined) return false
  return new Promise((resolve) => {
    const socket = connect(`\0cinderless-agent-${there.dev}-${there.ino}`)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
