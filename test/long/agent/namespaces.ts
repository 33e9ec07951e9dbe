import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'

const ip = (...args: string[]) => execFileSync('ip', args, { encoding: 'utf8', stdio: 'pipe' }).trim()
const beginning = 'cinderless-'

/** What an earlier run left that was killed: the name says whose it was. */
const removeLeft = () => {
  const folder = '/run/netns'
  const names = existsSync(folder) ? readdirSync(folder) : []
  for (const name of names) {
    const [, pid] = /^cinderless-(\d+)-/.exec(name) ?? []
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) ip('netns', 'delete', name)
  }
}

export interface Namespace extends Disposable {
  /** Of the host in it, as this side reaches it. */
  readonly address: string
  /** What a program is started by to be in it. */
  readonly wrapper: readonly [string, ...string[]]
  /** Take the link to it down, as when a cable is pulled, or up again. */
  link(state: 'up' | 'down'): void
}

/**
 * A network namespace with an address of its own, and a link to it: what a host is to the network.
 *
 * @param n 0 to 63: which /30 of 198.18.77.0/24, a network that is set aside for tests
 */
export const makeNamespace = (n: number): Namespace => {
  const name = `${beginning}${process.pid}-${n}`
  const here = `cl${process.pid}-${n}`
  const [mine, address] = [`198.18.77.${4 * n + 1}`, `198.18.77.${4 * n + 2}`]
  const remove = () => {
    // Its end of the pair goes with the namespace, and this one with it, but a moment later.
    for (const args of [
      ['link', 'delete', here],
      ['netns', 'delete', name],
    ]) {
      try {
        ip(...args)
      } catch {
        // Not made, or gone.
      }
    }
  }
  try {
    ip('netns', 'add', name)
    ip('link', 'add', here, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
    ip('address', 'add', `${mine}/30`, 'dev', here)
    ip('link', 'set', here, 'up')
    ip('-netns', name, 'address', 'add', `${address}/30`, 'dev', 'eth0')
    ip('-netns', name, 'link', 'set', 'eth0', 'up')
    ip('-netns', name, 'link', 'set', 'lo', 'up')
  } catch (error) {
    remove()
    throw error
  }
  return {
    address,
    // It does not outlive a run that is killed.
    wrapper: ['setpriv', '--pdeathsig', 'KILL', 'ip', 'netns', 'exec', name],
    link: (state) => void ip('link', 'set', here, state),
    [Symbol.dispose]: remove,
  }
}

/** Why there can be no namespaces here; undefined where there can. */
export const whyNoNamespaces = (): string | undefined => {
  if (process.platform !== 'linux') return 'not Linux'
  if (process.getuid?.() !== 0) return 'not run as root'
  try {
    removeLeft()
    using namespace = makeNamespace(63)
    const [command, ...args] = namespace.wrapper
    execFileSync(command, [...args, 'true'], { stdio: 'pipe' })
    return undefined
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error)
    return said.replaceAll(/\s+/g, ' ').slice(0, 160)
  }
}
