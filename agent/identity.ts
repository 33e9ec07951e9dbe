import { hostname } from 'node:os'
// The one import the agent has from the room of StorPool's API: the file's syntax, no call. A second parser would differ.
import { confFiles, settingsOf } from '../lib/storpool/conf.ts'
import { CannotStart } from './cannot-start.ts'

/** Who this host is, as functions and StorPool know it. */
export interface Identity {
  readonly host: string
  readonly clientId: number
}

interface Said {
  readonly host?: string | undefined
  readonly clientId?: number | undefined
  readonly storpoolConf: string
}

/**
 * Who this host is: what the configuration says, and storpool.conf for what it does not. Only `SP_OURID` is taken
 * from there.
 *
 * @throws CannotStart the two say different client ids, or neither says one
 */
export const identityOf = ({ host = hostname(), clientId, storpoolConf }: Said): Identity => {
  const found = clientIdIn(storpoolConf, host)
  if (clientId !== undefined && found !== undefined && clientId !== found) {
    throw new CannotStart(
      `The configuration says client ${clientId} for ${host}, ${storpoolConf} says ${found}: leave clientId out, or correct it`,
    )
  }
  const id = clientId ?? found
  if (id === undefined) {
    throw new CannotStart(
      `${storpoolConf} has no SP_OURID for ${host}: correct host, which is a section there, or set clientId`,
    )
  }
  return { host, clientId: id }
}

/** @returns undefined where the file is not there, or says nothing of this host. */
const clientIdIn = (path: string, host: string): number | undefined => {
  const text = settingsIn(path, host).SP_OURID
  if (text === undefined) return undefined
  const id = Number(text)
  if (Number.isInteger(id) && id >= 1 && id <= 4095) return id
  throw new CannotStart(`SP_OURID of ${host} in ${path} is not a number from 1 to 4095`)
}

const settingsIn = (path: string, host: string) => {
  try {
    return settingsOf(confFiles(path), host)
  } catch (error) {
    throw new CannotStart(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}
