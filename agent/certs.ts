import { randomUUID } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CannotStart } from './cannot-start.ts'
import { clientNames } from './roles.ts'
import { newAuthority, newPair, type Pair } from './x509.ts'

const dayMs = 86_400_000
/** What a clock that goes a little slow still takes for valid. */
const earlierMs = 3_600_000
const authorityDays = 3650

export interface CertsOptions {
  /** The folder to write to; made if it is not there. */
  readonly out: string
  /** A folder of an earlier run: its authority signs, and no new one is made. */
  readonly ca?: string | undefined
  /** The host a server pair is for; without it none is made. */
  readonly host?: string | undefined
  /** Further names and addresses the host is reached by. */
  readonly san?: readonly string[]
  readonly clients: boolean
  /** How long the pairs are good. */
  readonly days: number
}

/**
 * Write certificates for a first start: a private authority, a server pair, and a client pair for each role, also as
 * one JSON document that a function's secret holds. Nothing that is there is written over.
 *
 * @returns the files, in the order they were made
 * @throws CannotStart a file is there already, or the authority cannot be used
 */
export const writeCerts = async (options: CertsOptions): Promise<string[]> => {
  const { out, ca, host, san = [], clients, days } = options
  const from = new Date(Date.now() - earlierMs)
  const until = new Date(Date.now() + days * dayMs)
  const files = new Map<string, string>()
  const pair = (name: string, { cert, key }: Pair) => files.set(`${name}.crt`, cert).set(`${name}.key`, key)

  const authority = ca === undefined ? undefined : await readAuthority(ca)
  const signer =
    authority ??
    newAuthority(`Cinderless agents ${randomUUID().slice(0, 8)}`, {
      from,
      until: new Date(Date.now() + authorityDays * dayMs),
    })
  if (authority === undefined) pair('ca', signer)
  else files.set('ca.crt', signer.cert)
  try {
    if (host !== undefined) {
      pair('server', newPair(signer, { names: [host, ...san], purpose: 'server', from, until }))
    }
    for (const [role, name] of clients ? Object.entries(clientNames) : []) {
      const made = newPair(signer, { names: [name], purpose: 'client', from, until })
      pair(role, made)
      files.set(`${role}.json`, `${JSON.stringify({ ca: signer.cert, ...made }, null, 2)}\n`)
    }
  } catch (error) {
    throw new CannotStart(`These certificates cannot be made: ${reasonOf(error)}`)
  }
  return writeNew(out, files)
}

/** All or nothing: a file that is there is seen before the first is written. */
const writeNew = async (out: string, files: ReadonlyMap<string, string>) => {
  const written: string[] = []
  await mkdir(out, { recursive: true, mode: 0o700 })
  const there = await Promise.all(
    [...files.keys()].map((name) =>
      readFile(join(out, name)).then(
        () => name,
        () => undefined,
      ),
    ),
  )
  const first = there.find((name) => name !== undefined)
  if (first !== undefined)
    throw new CannotStart(`${join(out, first)} is there already: give another folder as --out`)
  for (const [name, text] of files) {
    await writeFile(join(out, name), text, { mode: 0o600, flag: 'wx' })
    written.push(join(out, name))
  }
  return written
}

const readAuthority = async (folder: string): Promise<Pair> => {
  const read = (name: string) =>
    readFile(join(folder, name), 'utf8').catch((error: unknown) => {
      throw new CannotStart(`The authority cannot be read: ${reasonOf(error)}`)
    })
  return { cert: await read('ca.crt'), key: await read('ca.key') }
}

const reasonOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
