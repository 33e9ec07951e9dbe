import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import * as z from 'zod'

/** Raised when what is kept in the folder changes shape. */
const stateVersion = 1
const markerName = 'cinderless.json'
const lockName = 'lock'

const Marker = z.object({ what: z.literal('Cinderless state'), version: z.int() })
const Holder = z.object({ pid: z.int(), url: z.string().optional() })

/** What stops the system from starting, as one line with its remedy. */
export class CannotStart extends Error {
  override readonly name = 'CannotStart'
}

export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Whether something failed because the disk is full, whoever says so: the system, SQLite or LevelDB. */
export const isDiskFull = (error: unknown): boolean => /no space|disk is full/i.test(reasonOf(error))

/** The folder that keeps everything, taken for this process. */
export interface StateFolder {
  readonly path: string
  /** A folder or file in it. */
  at(...names: string[]): string
  /** A secret kept in the folder, made when first asked for; only this user may read it. */
  secret(name: string): string
  /** Say under which address this system is reached, for whoever finds the folder taken. */
  announce(url: string): void
  release(): void
}

const markerOf = (path: string): z.infer<typeof Marker> | undefined => {
  try {
    return Marker.parse(JSON.parse(readFileSync(join(path, markerName), 'utf8')))
  } catch {
    return undefined
  }
}

/** Whole or not at all: half a marker would be nobody's, and half a secret nobody's either. */
const writeWhole = (file: string, text: string, mode?: number): void => {
  writeFileSync(`${file}.new`, text, { mode })
  renameSync(`${file}.new`, file)
}

const mark = (path: string): void =>
  writeWhole(join(path, markerName), JSON.stringify({ what: 'Cinderless state', version: stateVersion }))

const holderOf = (path: string): string => {
  try {
    const { pid, url } = Holder.parse(JSON.parse(readFileSync(join(path, 'holder.json'), 'utf8')))
    return `process ${pid}${url === undefined ? '' : `, at ${url}`}`
  } catch {
    return 'another process'
  }
}

/** SQLite's own file lock: the kernel takes it away with the process, however that ends. */
const takeLock = (path: string): DatabaseSync => {
  try {
    const lock = new DatabaseSync(join(path, lockName), { timeout: 0 })
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    if (/not a database|malformed/.test(reasonOf(error))) {
      const file = join(path, lockName)
      throw new CannotStart(
        `${file} was damaged. Nothing is kept in it: when no other system runs there, remove it`,
      )
    }
    if (!/locked|busy/.test(reasonOf(error))) throw error
    throw new CannotStart(
      `${path} is in use by ${holderOf(path)}. Stop that one, or use another folder: npm start -- --state DIR --port N`,
    )
  }
}

const check = (path: string): void => {
  const there = readdirSync(path).filter((name) => name !== `${markerName}.new`)
  const marker = markerOf(path)
  if (marker === undefined && there.length > 0) {
    throw new CannotStart(
      `${path} holds something else than a Cinderless state, and is left alone. Give another folder with --state DIR`,
    )
  }
  if (marker !== undefined && marker.version !== stateVersion) {
    throw new CannotStart(
      `${path} was written by another version (format ${marker.version}, this one reads ${stateVersion}). Begin anew with --fresh, or give another folder with --state DIR`,
    )
  }
}

/**
 * Take a state folder; it is made where it is not there.
 *
 * @param fresh remove what an earlier system left in it. Nothing is removed from a folder that is not ours.
 * @throws CannotStart: in use, not ours, of another version, not writable.
 */
export const takeStateFolder = (path: string, fresh = false): StateFolder => {
  let lock: DatabaseSync
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    if (!fresh || markerOf(path) === undefined) check(path)
    if (markerOf(path) === undefined) mark(path)
    lock = takeLock(path)
    if (fresh) {
      const kept = new Set([markerName, lockName])
      for (const name of readdirSync(path)) if (!kept.has(name)) rmSync(join(path, name), { recursive: true })
      mark(path)
    }
  } catch (error) {
    if (error instanceof CannotStart) throw error
    const remedy = isDiskFull(error) ? 'Free some space there' : 'Make it writable'
    throw new CannotStart(
      `${path} cannot be used: ${reasonOf(error)}. ${remedy}, or give another folder with --state DIR`,
    )
  }
  const at = (...names: string[]): string => join(path, ...names)
  const announce = (url?: string): void => {
    try {
      writeFileSync(at('holder.json'), JSON.stringify({ pid: process.pid, url }))
    } catch {
      // Whoever finds the folder taken is told less.
    }
  }
  announce()
  return {
    path,
    at,
    secret(name) {
      const file = at(name)
      const kept = existsSync(file) ? readFileSync(file, 'utf8').trim() : ''
      if (kept !== '') return kept
      const made = randomBytes(16).toString('hex')
      writeWhole(file, made, 0o600)
      return made
    },
    announce,
    release() {
      rmSync(at('holder.json'), { force: true })
      lock.close()
    },
  }
}
