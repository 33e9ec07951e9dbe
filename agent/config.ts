import { readFile } from 'node:fs/promises'
import { isIPv4 } from 'node:net'
import { isAbsolute } from 'node:path'
import * as z from 'zod'

const MiB = 1024 ** 2
const Folder = z.string().refine(isAbsolute, 'must be an absolute path')
const isLoopback = (address: string) => address === '::1' || (isIPv4(address) && address.startsWith('127.'))

export const AgentConfig = z.strictObject({
  /** The name functions know this host by. */
  host: z.string().min(1).max(255),
  /** StorPool's number for this host (`SP_OURID`): requests meant for another are refused. */
  clientId: z.int().min(1).max(4095),
  listen: z.strictObject({
    address: z
      .string()
      .refine(isLoopback, 'must be a loopback address such as 127.0.0.1: plain HTTP goes nowhere else'),
    /** 0 takes any free port. */
    port: z.int().min(0).max(65_535),
  }),
  /** The folder that holds `storpool-byid/<globalId>`; `/dev` on a host with StorPool. */
  devices: Folder,
  /** Where images named by a request are looked for. */
  images: Folder,
  /** The agent's own: its journal. One agent per folder. */
  state: Folder,
  /** Bytes copied between two checkpoints. */
  segmentBytes: z
    .int()
    .min(MiB)
    .multipleOf(MiB, 'must be whole MiB')
    .default(256 * MiB),
  /** Tasks that run at once; more are refused. */
  maxTasks: z.int().min(1).max(64).default(4),
})
export type AgentConfig = z.infer<typeof AgentConfig>

/** What stops the agent from starting, as one line that says how to mend it. */
export class CannotStart extends Error {
  override readonly name = 'CannotStart'
}

/**
 * Parse a configuration.
 *
 * @throws CannotStart naming every wrong setting at once
 */
export const parseConfig = (input: unknown): AgentConfig => {
  const parsed = AgentConfig.safeParse(input)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`)
  throw new CannotStart(`The configuration is wrong: ${faults.join('; ')}. See agent/README.md.`)
}

/** Read the configuration from a JSON file. */
export const readConfig = async (file: string): Promise<AgentConfig> => {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new CannotStart(`Cannot read the configuration: ${error.message}. Give another: --config FILE`)
  })
  try {
    return parseConfig(JSON.parse(text))
  } catch (error) {
    if (error instanceof CannotStart) throw error
    throw new CannotStart(`${file} is not JSON: ${String(error)}`)
  }
}
