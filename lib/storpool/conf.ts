import { readdirSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'

/** One file: each section's settings by the section's name, which is a host's; those before any section under `''`. */
export type Conf = ReadonlyMap<string, ReadonlyMap<string, string>>

export type Settings = Readonly<Record<string, string>>

/** What is so when no file says otherwise. */
const defaults: Settings = { SP_API_HTTP_HOST: '127.0.0.1', SP_API_HTTP_PORT: '81' }

/** The only settings that the environment decides, whatever the files say. */
const fromEnvironment = ['SP_AUTH_TOKEN', 'SP_API_HTTP_HOST', 'SP_API_HTTP_PORT'] as const

const COMMENT = /^[ \t]*(?:[#;].*)?$/
const SECTION = /^[ \t]*\[[ \t]*([^\]]+)\][ \t]*$/
const SETTING = /^[ \t]*([^ \t[#;=]+)[ \t]*=[ \t]*(.*)$/

/**
 * The text of a `storpool.conf`: `KEY=value` lines, `[host]` lines that begin a section, comment lines that begin with
 * `#` or `;`. A value is the rest of its line without the blanks around it: quotes, `#` and `%` in it mean nothing.
 * A backslash at a line's end joins the next line on. A section may be there several times; the last value counts.
 *
 * @param path for the error.
 * @throws Error a line is none of these; it is named by its number alone, as it may hold the token.
 * @see confget 5.1.2, backend/ini_pyp.py: what python-storpool reads with
 */
export const parseConf = (text: string, path = 'storpool.conf'): Conf => {
  const sections = new Map<string, Map<string, string>>([['', new Map()]])
  let section = ''
  const lines = text.split(/\r\n|\r|\n/)
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? ''
    if (COMMENT.test(line)) continue

    const [, host] = SECTION.exec(line) ?? []
    if (host !== undefined) {
      section = host.trimEnd()
      sections.set(section, sections.get(section) ?? new Map())
      continue
    }

    const [, key, first] = SETTING.exec(line) ?? []
    if (key === undefined || first === undefined) {
      throw new Error(`${path}, line ${at + 1}: neither KEY=value nor [host] nor a comment`)
    }
    let value = ''
    let part = first
    while (part.endsWith('\\') && at + 1 < lines.length) {
      value += part.slice(0, -1)
      at += 1
      part = lines[at] ?? ''
    }
    sections.get(section)?.set(key, value + part.trimEnd())
  }
  return sections
}

/**
 * What the files say to one host, in the order python-storpool reads them: file by file, in each what is before any
 * section and then the host's own; what comes later wins, and the environment wins over all.
 *
 * @see python-storpool 7.3.0, spconfig.py `SPConfig.run_confget`
 */
export const settingsOf = (
  files: readonly Conf[],
  host: string,
  environment: NodeJS.ProcessEnv = {},
): Settings => {
  const settings = { ...defaults }
  for (const file of files) {
    for (const section of ['', host]) Object.assign(settings, Object.fromEntries(file.get(section) ?? []))
  }
  for (const key of fromEnvironment) {
    const value = environment[key]
    if (value !== undefined) settings[key] = value
  }
  return settings
}

/**
 * The client id of each host that has a section with `SP_OURID`; a later file's wins.
 *
 * @throws Error an id is not a number from 1 to 4095.
 */
export const hostsOf = (files: readonly Conf[]): Readonly<Record<string, number>> => {
  const hosts = new Map<string, number>()
  for (const [host, settings] of files.flatMap((file) => [...file])) {
    const id = settings.get('SP_OURID')
    if (host === '' || id === undefined) continue
    if (!/^[0-9]{1,4}$/.test(id) || Number(id) < 1 || Number(id) > 4095) {
      throw new Error(`SP_OURID of ${host} is not a number from 1 to 4095`)
    }
    hosts.set(host, Number(id))
  }
  return Object.fromEntries(hosts)
}

/** What a folder holds, or nothing when it is not there. */
const namesIn = (folder: string): string[] => {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')

/**
 * The files there are: `path`, then those in `path` + `.d` whose names end in `.conf` and begin with no dot, sorted.
 *
 * @throws Error one of them cannot be read, or is broken.
 * @see python-storpool 7.3.0, spconfig.py `SPConfig.get_config_files`
 */
export const confFiles = (path = '/etc/storpool.conf'): readonly Conf[] => {
  const folder = `${path}.d`
  const others = namesIn(folder)
    .filter((name) => name.endsWith('.conf') && !name.startsWith('.'))
    .sort()
    .map((name) => join(folder, name))
  return [path, ...others].flatMap((file) => {
    try {
      return [parseConf(readFileSync(file, 'utf8'), file)]
    } catch (error) {
      if (isMissing(error)) return []
      throw error
    }
  })
}

export interface ConfSource {
  readonly path?: string
  /** The name `uname -n` prints. */
  readonly host?: string
  readonly environment?: NodeJS.ProcessEnv
}

/** What the files of a machine and an environment say to one host. The environment is the caller's to hand in. */
export const readConf = ({ path, host = hostname(), environment = {} }: ConfSource = {}): Settings =>
  settingsOf(confFiles(path), host, environment)
