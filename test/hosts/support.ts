import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import type { ClientRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseConfig } from '../../agent/config.ts'
import { startAgent } from '../../agent/server.ts'
import { logger } from '../../lib/log.ts'

/** A real agent that says that it is this host, over HTTP on loopback. Port 0 is any that is free. */
export const startAgentOf = async (host: string, clientId: number, { devices = '', port = 0 } = {}) => {
  const folder = await mkdtemp(join(tmpdir(), 'cinderless-host-'))
  const at = (name: string) => join(folder, name)
  for (const name of ['dev', 'images', 'state']) await mkdir(at(name))
  const agent = await startAgent(
    parseConfig({
      host,
      clientId,
      // Whatever this machine is to a cluster of its own.
      storpoolConf: at('storpool.conf'),
      listen: { address: '127.0.0.1', port },
      devices: devices || at('dev'),
      images: at('images'),
      state: at('state'),
    }),
    logger('error'),
  )
  const close = async () => {
    await agent.close()
    await rm(folder, { recursive: true, force: true })
  }
  return { url: agent.url, port: Number(new URL(agent.url).port), close, [Symbol.asyncDispose]: close }
}

const channel = 'http.client.request.created'

/** Counts the questions who an agent is, at one address, from here on. */
export const healthCallsTo = (url: string) => {
  const { host } = new URL(url)
  let count = 0
  const created = (message: unknown) => {
    const { request } = message as { request: ClientRequest }
    if (request.path === '/v1/health' && request.getHeader('host') === host) count += 1
  }
  subscribe(channel, created)
  return {
    get count() {
      return count
    },
    [Symbol.dispose]: () => unsubscribe(channel, created),
  }
}
