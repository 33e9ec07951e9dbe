import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import { Refusal } from './refusal.ts'

export interface Address {
  readonly address: string
  readonly family: number
}

/** All addresses of a name. */
export type Resolve = (name: string) => Promise<readonly Address[]>
export const resolveName: Resolve = (name) => lookup(name, { all: true, verbatim: true })

/**
 * Networks a request may not lead to, by what they are. Beyond the private ones, all that the registries keep for
 * special use, and every form in which an IPv6 address carries an IPv4 one.
 *
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry https://www.iana.org/assignments/iana-ipv6-special-registry
 */
const special: Readonly<Record<string, readonly string[]>> = {
  'this host': ['0.0.0.0/8', '::/128'],
  loopback: ['127.0.0.0/8', '::1/128'],
  'link-local': ['169.254.0.0/16', 'fe80::/10'],
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7', 'fec0::/10'],
  "a carrier's": ['100.64.0.0/10'],
  multicast: ['224.0.0.0/4', 'ff00::/8'],
  'for documentation': ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24', '2001:db8::/32', '3fff::/20'],
  'for tests': ['198.18.0.0/15'],
  'an IPv4 address in the form of IPv6': [
    '::ffff:0:0/96',
    '::/96',
    '64:ff9b::/96',
    '64:ff9b:1::/48',
    '2002::/16',
    '2001::/32',
  ],
  reserved: ['192.0.0.0/24', '192.88.99.0/24', '240.0.0.0/4', '2001::/23', '100::/64', '5f00::/16'],
}

const familyOf = (address: string) => (isIP(address) === 6 ? 'ipv6' : 'ipv4')

const listOf = (networks: readonly string[]) => {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', prefix] = network.split('/')
    list.addSubnet(address, Number(prefix), familyOf(address))
  }
  return list
}

const lists = Object.entries(special).map(([kind, networks]) => ({
  kind,
  4: listOf(networks.filter((network) => !network.includes(':'))),
  6: listOf(networks.filter((network) => network.includes(':'))),
}))
/** Of IPv6 only this part has been given to anybody. */
const given = listOf(['2000::/3'])

/** What keeps an address from being reached, or undefined for one of the public Internet. */
export const specialAddress = (address: string): string | undefined => {
  const family = isIP(address)
  if (family !== 4 && family !== 6) return 'no address'
  // One list each: Node takes ::ffff:1.2.3.4 for 1.2.3.4, and here it must not matter what it embeds.
  const found = lists.find((list) => list[family].check(address, familyOf(address)))
  if (found !== undefined) return found.kind
  return family === 6 && !given.check(address, 'ipv6') ? 'reserved' : undefined
}

/**
 * Decides which addresses a name leads to. Asked once for each name: what is connected to is what was checked, though
 * the name may mean another address a moment later.
 *
 * @param allow networks that may be reached although they are not public
 * @throws Refusal `source_refused` one of its addresses is not to be reached
 */
export const addressChecker = (allow: readonly string[], resolve: Resolve = resolveName) => {
  const allowed = {
    4: listOf(allow.filter((network) => !network.includes(':'))),
    6: listOf(allow.filter((network) => network.includes(':'))),
  }
  const isAllowed = (address: string) => {
    const family = isIP(address) === 6 ? 6 : 4
    return allowed[family].check(address, familyOf(address))
  }
  const known = new Map<string, Promise<readonly Address[]>>()

  const check = async (name: string): Promise<readonly Address[]> => {
    const family = isIP(name)
    const addresses = family === 0 ? await resolve(name) : [{ address: name, family }]
    for (const { address } of addresses) {
      const kind = isAllowed(address) ? undefined : specialAddress(address)
      if (kind === undefined) continue
      const reason = `${name} leads to ${address}, which is ${kind}`
      throw new Refusal('source_refused', `${reason}. The agent's setting sources.allow can let it in`)
    }
    return addresses
  }

  return (name: string): Promise<readonly Address[]> => {
    const before = known.get(name)
    if (before !== undefined) return before
    const checked = check(name)
    known.set(name, checked)
    // A name that could not be resolved may be a moment later.
    checked.catch(() => known.delete(name))
    return checked
  }
}
export type AddressChecker = ReturnType<typeof addressChecker>
