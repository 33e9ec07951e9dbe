import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'

/** Where the real parts are, and who may use them. */
export interface OpenStack {
  readonly keystoneUrl: string
  readonly glanceUrl: string
  readonly region: string
  /** Of every user. */
  readonly password: string
  /** Where the catalog says that Block Storage is; who wants it there starts it. */
  readonly blockStoragePort: number
  /** For the scripts of this folder. */
  readonly env: Readonly<Record<string, string>>
  readonly projects: Readonly<Record<string, string>>
}

declare module 'vitest' {
  interface ProvidedContext {
    openstack: OpenStack
  }
}

const script = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const programs = [
  ...['keystone-manage', 'glance-api', 'glance-manage', 'uwsgi', 'curl'],
  ...['openstack', 'cinder', 'tempest', 'stestr'],
]
const isThere = (program: string) => spawnSync('which', [program], { env: { PATH: searched } }).status === 0
const searched = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** @throws Error in words that say what to install, where this may not do it itself */
const install = () => {
  const missing = programs.filter((program) => !isThere(program))
  if (missing.length === 0) return
  if (process.getuid?.() !== 0 || !isThere('apt-get')) {
    throw new Error(
      `These tests need Debian's Keystone, Glance, clients and Tempest, and ${missing.join(', ')} are missing. As root, on Debian or Ubuntu: test/openstack/install.sh suites`,
    )
  }
  console.log(`Installing Debian's Keystone, Glance, clients and Tempest: ${missing.join(', ')} are missing`)
  execFileSync('bash', [script('install.sh'), 'suites'], { stdio: ['ignore', 'ignore', 'inherit'] })
}

const freePorts = async (count: number): Promise<number[]> => {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}

export default async ({ provide }: TestProject) => {
  install()
  // Their databases are made in hundreds of commits: on a busy disk that takes minutes, in memory seconds.
  const folder = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
  const work = await mkdtemp(join(folder, 'cinderless-openstack-'))
  const [keystone = 0, glance = 0, blockStorage = 0] = await freePorts(3)
  const password = 'loopback-only'
  const region = 'RegionOne'
  const env = {
    PATH: searched,
    LANG: 'C.UTF-8',
    // What clients keep of themselves goes away with the rest.
    HOME: work,
    OS_PEER_WORK: work,
    OS_PEER_PASSWORD: password,
    OS_PEER_REGION: region,
    KEYSTONE_PORT: String(keystone),
    GLANCE_PORT: String(glance),
    BLOCK_STORAGE_URL: `http://127.0.0.1:${blockStorage}/v3`,
  }
  const run = (name: string) =>
    execFileSync('bash', [script(name)], { env, stdio: ['ignore', 'ignore', 'inherit'], timeout: 300_000 })
  const down = async () => {
    run('down.sh')
    await rm(work, { recursive: true, force: true })
  }
  try {
    run('up.sh')
    const { projects } = JSON.parse(readFileSync(join(work, 'ids.json'), 'utf8'))
    provide('openstack', {
      keystoneUrl: `http://127.0.0.1:${keystone}/v3`,
      glanceUrl: `http://127.0.0.1:${glance}`,
      region,
      password,
      projects,
      blockStoragePort: blockStorage,
      env,
    })
  } catch (error) {
    await down()
    throw error
  }
  return down
}
