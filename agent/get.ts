import type { IncomingMessage } from 'node:http'
import type { AddressChecker } from './addresses.ts'
import { answerOf, Dropped, shown, type Way } from './answer.ts'
import { Refusal } from './refusal.ts'

export interface Reach extends Way {
  readonly addressesOf: AddressChecker
  readonly ports: readonly number[]
}

const mostRedirects = 3
const redirects = [301, 302, 303, 307, 308]
/** Statuses by which a server says that it may be able later. */
const passing = [408, 425, 429, 500, 502, 503, 504]
export const isPassing = (status: number): boolean => passing.includes(status)

/**
 * Ask for a file over HTTPS. Every hop is checked like the first: scheme, port, credentials, every address.
 *
 * @returns an answer of status 200, 206 or 416
 * @throws Refusal `source_refused`, `source_not_found`
 * @throws Dropped
 */
export const get = async (
  address: string,
  headers: Readonly<Record<string, string>>,
  reach: Reach,
): Promise<IncomingMessage> => {
  let url = checked(address, undefined, reach.ports)
  for (let hop = 0; ; hop += 1) {
    const response = await answerOf(url, headers, reach)
    const status = response.statusCode ?? 0
    if (status === 200 || status === 206 || status === 416) return response
    const { location } = response.headers
    response.destroy()
    if (!redirects.includes(status) || location === undefined) throw unfit(url, status)
    if (hop === mostRedirects) {
      throw new Refusal('source_refused', `${shown(url)} leads on after ${mostRedirects} redirects`)
    }
    url = checked(location, url, reach.ports)
  }
}

const checked = (address: string, from: URL | undefined, ports: readonly number[]): URL => {
  const url = URL.parse(address, from?.href)
  const refuse = (why: string) =>
    new Refusal(
      'source_refused',
      `${from === undefined ? 'The address' : `A redirect from ${shown(from)}`} ${why}`,
    )
  if (url === null) throw refuse('cannot be read')
  if (url.protocol !== 'https:') throw refuse(`is not https: ${url.protocol}`)
  if (url.username !== '' || url.password !== '') throw refuse('holds credentials')
  const port = url.port === '' ? 443 : Number(url.port)
  if (!ports.includes(port))
    throw refuse(`is for port ${port}; taken are ${ports.join(', ')} (sources.ports)`)
  return url
}

const unfit = (url: URL, status: number) => {
  if (isPassing(status)) return new Dropped(`${shown(url)} was answered ${status}`)
  const code = status === 404 || status === 410 ? 'source_not_found' : 'source_refused'
  return new Refusal(code, `${shown(url)} was answered ${status}`, { status })
}
