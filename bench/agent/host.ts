import { mkdir, open, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { writeCerts } from '../../agent/certs.ts'
import { clientNames } from '../../agent/roles.ts'
import { agentClient } from '../../lib/agent/client.ts'
import { parseCredentials } from '../../lib/agent/credentials.ts'
import { node, root, start } from '../child.ts'

export const host = 'alpha'
export const clientId = 7

/** What systemd starts the agent with, from the unit: options of Node, and variables. */
const fromUnit = async () => {
  const unit = await readFile(join(root, 'agent/cinderless-agent.service'), 'utf8')
  const [, options = ''] = /^ExecStart=\/usr\/bin\/node (.*?) ?\S+\/agent\.cjs /m.exec(unit) ?? []
  const variables = [...unit.matchAll(/^Environment=(.*)$/gm)].flatMap(([, line = '']) => line.split(' '))
  const env = variables.map((variable) => {
    const [name = '', value = ''] = variable.split('=')
    return [name, value] as const
  })
  return { options: options.split(' ').filter(Boolean), env: Object.fromEntries(env) }
}

/**
 * A host with the agent as an operator has it: the bundle, started as by its unit, with mutual TLS and a socket.
 *
 * @param more settings of the agent beside those of a host alone
 */
export const startHost = async (folder: string, bundle: string, more: object = {}) => {
  const at = (...names: string[]) => join(folder, ...names)
  for (const name of ['dev/storpool-byid', 'volumes', 'images', 'state'])
    await mkdir(at(name), { recursive: true })
  await writeCerts({ out: at('certs'), host, san: [], clients: true, days: 1 })
  const files = { ca: at('certs/ca.crt'), cert: at('certs/server.crt'), key: at('certs/server.key') }
  const settings = {
    host,
    clientId,
    storpoolConf: at('storpool.conf'),
    listen: { address: '127.0.0.1', port: 0 },
    // One pair for all that is asked here.
    tls: { ...files, clients: { [clientNames.data]: ['attach', 'data', 'backup'] } },
    socket: at('rpc.sock'),
    devices: at('dev'),
    images: at('images'),
    state: at('state'),
    ...more,
  }
  await writeFile(at('agent.json'), JSON.stringify(settings))
  const { options, env } = await fromUnit()
  const agent = await start(node(...options, bundle, '--config', at('agent.json')), env)
  const credentials = parseCredentials(await readFile(at('certs/data.json'), 'utf8'))
  const newClient = () => agentClient({ url: agent.url, host, credentials: async () => credentials })
  return {
    at,
    files,
    bundle,
    newClient,
    url: agent.url,
    pid: agent.pid,
    /** An empty volume, attached: a sparse file with a link by global id. */
    attach: async (globalId: string, sizeBytes: number) => {
      const file = at('volumes', globalId)
      await using handle = await open(file, 'w')
      await handle.truncate(sizeBytes)
      await symlink(file, at('dev/storpool-byid', globalId))
      return file
    },
    detach: async (globalId: string) => {
      await rm(at('dev/storpool-byid', globalId))
      await rm(at('volumes', globalId))
    },
    [Symbol.asyncDispose]: () => agent[Symbol.asyncDispose](),
  }
}
export type BenchHost = Awaited<ReturnType<typeof startHost>>
