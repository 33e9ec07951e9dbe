import { readFile } from 'node:fs/promises'
import { isIP, isIPv4 } from 'node:net'
import { isAbsolute } from 'node:path'
import * as z from 'zod'
import { CannotStart } from './cannot-start.ts'
import { type Identity, identityOf } from './identity.ts'
import { defaultClients, Role } from './roles.ts'
import { taskSettings } from './settings.ts'

export { CannotStart }

const MiB = 1024 ** 2
const Path = z.string().refine(isAbsolute, 'must be an absolute path')
const isLoopback = (address: string) => address === '::1' || (isIPv4(address) && address.startsWith('127.'))
/** The kernel takes no more for the name of a socket. */
const longestSocketPath = 107

const Tls = z.strictObject({
  /** The authority whose clients are let in; several while it is being changed. */
  ca: Path,
  cert: Path,
  key: Path,
  /** What the name in a client's certificate may ask for. */
  clients: z.record(z.string().min(1), z.array(Role).min(1)).default(defaultClients),
})
export type TlsConfig = z.infer<typeof Tls>

const Settings = z
  .strictObject({
    /** The name functions know this host by: that of its section in storpool.conf, unless said. */
    host: z.string().min(1).max(255).optional(),
    /** StorPool's number for this host: `SP_OURID` in storpool.conf, unless said. Requests for another are refused. */
    clientId: z.int().min(1).max(4095).optional(),
    storpoolConf: Path.default('/etc/storpool.conf'),
    listen: z.strictObject({
      address: z
        .string()
        .refine(
          (address) => isIP(address) !== 0 && !/^(?:0\.0\.0\.0|[0:]+)$/.test(address),
          'must be one address of this host',
        ),
      /** 0 takes any free port. */
      port: z.int().min(0).max(65_535),
    }),
    /** Mutual TLS; without it the agent speaks plain HTTP, on loopback only. */
    tls: Tls.optional(),
    /** A UNIX socket for `rpc`, which sshd runs; without it there is none. */
    socket: Path.refine(
      (path) => Buffer.byteLength(path) <= longestSocketPath,
      `may have ${longestSocketPath} bytes`,
    ).optional(),
    /** Whose that socket is: the user sshd runs `rpc` as, if that is not the agent's own. */
    socketUser: z.string().min(1).optional(),
    /** The folder that holds `storpool-byid/<globalId>`; `/dev` on a host with StorPool. */
    devices: Path,
    /** Where images named by a request are looked for. */
    images: Path,
    /** The agent's own: its journal. One agent per folder. */
    state: Path,
    ...taskSettings,
    /** Bytes copied between two checkpoints. */
    segmentBytes: z
      .int()
      .min(MiB)
      .multipleOf(MiB, 'must be whole MiB')
      .default(1024 * MiB),
    /** Tasks that run at once; more are refused. */
    maxTasks: z.int().min(1).max(64).default(4),
  })
  .refine(({ tls, listen }) => tls !== undefined || isLoopback(listen.address), {
    path: ['listen', 'address'],
    message:
      'must be a loopback address such as 127.0.0.1 where there is no tls: plain HTTP goes nowhere else',
    when: () => true,
  })
export type Settings = z.infer<typeof Settings>
export type AgentConfig = Settings & Identity

/**
 * Parse settings, without a look at this host.
 *
 * @throws CannotStart naming every wrong setting at once
 */
export const parseSettings = (input: unknown): Settings => {
  const parsed = Settings.safeParse(input)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`)
  throw new CannotStart(`The configuration is wrong: ${faults.join('; ')}. See docs/agent.md.`)
}

/**
 * Parse a configuration, and take from storpool.conf who this host is.
 *
 * @throws CannotStart naming every wrong setting at once, or what storpool.conf says otherwise
 */
export const parseConfig = (input: unknown): AgentConfig => {
  const settings = parseSettings(input)
  return { ...settings, ...identityOf(settings) }
}

/** A configuration file's JSON. */
export const readSettings = async (file: string): Promise<unknown> => {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new CannotStart(`Cannot read the configuration: ${error.message}. Give another: --config FILE`)
  })
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new CannotStart(`${file} is not JSON: ${String(error)}`)
  }
}

/** Read the configuration from a JSON file. */
export const readConfig = async (file: string): Promise<AgentConfig> => parseConfig(await readSettings(file))
