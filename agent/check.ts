import { checkCertificates } from './check-certificates.ts'
import { checkAddress, checkClock, checkFolders, checkSocket, checkTools } from './check-host.ts'
import { checkStores } from './check-stores.ts'
import { parseSettings, readSettings, type Settings } from './config.ts'
import { type Finding, finding } from './finding.ts'
import { type Identity, identityOf } from './identity.ts'

/**
 * Look at what the agent needs on this host, without starting it, and say what is wrong. It sees what its own user
 * may see: run it as the agent's.
 */
export const checkHost = async (file: string): Promise<Finding[]> => {
  const found: Finding[] = []
  const look = async <T>(what: string, make: () => T | Promise<T>, is: (made: T) => string) => {
    try {
      const made = await make()
      found.push(finding(what, is(made)))
      return made
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      found.push(finding(what, 'wrong', reason))
      return undefined
    }
  }
  const read = async () => parseSettings(await readSettings(file))
  const settings: Settings | undefined = await look('configuration', read, () => file)
  if (settings === undefined) return found
  const identity: Identity | undefined = await look(
    'host',
    () => identityOf(settings),
    ({ host, clientId }) => `${host}, client ${clientId}`,
  )
  found.push(...(await checkTools(settings)), ...(await checkFolders(settings)), await checkClock())
  found.push(...(await checkStores(settings)))
  if (settings.tls !== undefined) found.push(...(await checkCertificates(settings.tls, identity?.host)))
  if (settings.socket !== undefined) found.push(await checkSocket(settings.socket, settings.socketUser))
  found.push(await checkAddress(settings))
  return found
}

/** A line for each finding, and for each that is wrong another with its remedy. */
export const report = (findings: readonly Finding[]): string => {
  const width = Math.max(...findings.map(({ what }) => what.length))
  const lines = findings.flatMap(({ what, is, remedy }) => [
    `${remedy === undefined ? 'ok   ' : 'WRONG'} ${what.padEnd(width)}  ${is}`,
    ...(remedy === undefined ? [] : [`${' '.repeat(width + 8)}${remedy}`]),
  ])
  const wrong = findings.filter(({ remedy }) => remedy !== undefined).length
  return [...lines, wrong === 0 ? 'Nothing is wrong.' : `${wrong} of ${findings.length} wrong.`].join('\n')
}
