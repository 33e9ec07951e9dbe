import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newAuthority, newPair, type Pair } from '../../agent/x509.ts'
import type { ReadCredentials } from '../../lib/agent/credentials.ts'

const day = 86_400_000
export const inDays = (days: number) => new Date(Date.now() + days * day)

/** A private authority, and what it signs: real certificates, good for a day unless said. */
export const authority = (name = 'Test agents') => {
  const ca = newAuthority(name, { from: inDays(-30), until: inDays(30) })
  const pair =
    (purpose: 'server' | 'client') =>
    (names: [string, ...string[]], from = inDays(-20), until = inDays(1)) =>
      newPair(ca, { names, purpose, from, until })
  return { cert: ca.cert, pair: ca, server: pair('server'), client: pair('client') }
}
export type Authority = ReturnType<typeof authority>

/** The files an agent is told of, in a folder of its own. */
export const tlsFiles = (folder: string, ca: Authority, server = ca.server(['alpha'])) => {
  mkdirSync(folder, { recursive: true })
  const files = {
    ca: join(folder, 'ca.crt'),
    cert: join(folder, 'server.crt'),
    key: join(folder, 'server.key'),
  }
  const write = (authorities: string, { cert, key }: Pair) => {
    writeFileSync(files.ca, authorities)
    writeFileSync(files.cert, cert)
    writeFileSync(files.key, key, { mode: 0o600 })
  }
  write(ca.cert, server)
  return { files, write }
}

/** What a function of that role shows. */
export const shows =
  (ca: { cert: string }, pair: Pair): ReadCredentials =>
  async () => ({ ca: ca.cert, ...pair })
