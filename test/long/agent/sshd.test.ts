import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ssh2 from 'ssh2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Agent } from '../../../agent/server.ts'
import { agentClient } from '../../../lib/agent/client.ts'
import { copyRequest, ended, type Host, MiB, makeHost, noise, sha256, soon } from '../../agent/support.ts'
import { keygen, startSshd } from './sshd.ts'

const main = fileURLToPath(new URL('../../../agent/main.ts', import.meta.url))

let host: Host
let agent: Agent
let sshd: Awaited<ReturnType<typeof startSshd>>
beforeAll(async () => {
  host = await makeHost()
  agent = (await host.start({ socket: host.at('rpc.sock') })).agent
  mkdirSync(host.at('ssh'))
  const line = (name: string, roles: string) => {
    const key = readFileSync(`${keygen(host.at('ssh', name))}.pub`, 'utf8').trim()
    const words = [process.execPath, main, 'rpc', '--socket', host.at('rpc.sock'), '--roles', roles]
    return `restrict,command="${words.map((word) => `'${word}'`).join(' ')}" ${key}`
  }
  sshd = await startSshd(host.at('ssh'), [line('attach', 'attach'), line('data', 'attach,data')])
  keygen(host.at('ssh/stranger'))
})
afterAll(async () => {
  await sshd[Symbol.asyncDispose]()
  await agent.close()
  await host[Symbol.asyncDispose]()
})

const key = (name: string) => readFileSync(host.at('ssh', name), 'utf8')
const over = (name: string, url = sshd.url()) =>
  agentClient({ url, credentials: async () => ({ sshKey: key(name) }) })

test('an image is copied with every call going through sshd', async () => {
  const content = noise(2 * MiB)
  await host.image('disk', content)
  const device = await host.attach(4 * MiB)
  const client = over('data')

  const begun = await client.copyImage(copyRequest('disk', 'raw', 4 * MiB), soon())
  expect(begun).toMatchObject({ id: 'request-1' })
  expect(await ended(client)).toMatchObject({ state: 'succeeded', doneBytes: 2 * MiB })
  expect(await sha256(device, 2 * MiB)).toBe(await sha256(host.at('images/disk')))
  client.close()
})

test('a key may do what its forced command says', async () => {
  const client = over('attach')

  await expect(client.cancelTask({ id: 'none' }, soon())).rejects.toMatchObject({
    code: 'forbidden',
    status: 403,
  })
  expect(await client.health(soon())).toMatchObject({ host: 'alpha' })
  client.close()
})

/** OpenSSH's own client, as somebody who stole the key would use it. */
const ssh = async (words: readonly string[], input: string) => {
  writeFileSync(
    host.at('ssh/known'),
    `[127.0.0.1]:${sshd.port} ${readFileSync(host.at('ssh/host_key.pub'), 'utf8')}`,
  )
  const options = ['UserKnownHostsFile', 'StrictHostKeyChecking', 'IdentitiesOnly', 'BatchMode']
  const values = [host.at('ssh/known').replaceAll(' ', '\\ '), 'yes', 'yes', 'yes']
  const run = spawn('ssh', [
    ...options.flatMap((option, at) => ['-o', `${option}=${values[at]}`]),
    ...['-p', String(sshd.port), '-i', host.at('ssh/attach'), `${sshd.user}@127.0.0.1`, ...words],
  ])
  run.stdin.end(input)
  return Buffer.concat(await run.stdout.toArray()).toString()
}

test('whatever is to be run instead, the agent is asked', async () => {
  const stdout = await ssh(
    ['touch', `'${host.at('taken-over')}';`, 'echo', 'taken'],
    '{"operation":"health"}\n',
  )

  expect(existsSync(host.at('taken-over'))).toBe(false)
  expect(JSON.parse(stdout)).toMatchObject({ status: 200, body: { host: 'alpha' } })
})

test('a key opens no way to other ports', async () => {
  const client = new ssh2.Client()
  await new Promise((resolve, reject) => {
    client.once('ready', () => resolve(undefined)).once('error', reject)
    client.connect({ host: '127.0.0.1', port: sshd.port, username: sshd.user, privateKey: key('attach') })
  })
  const forwarded = new Promise((resolve, reject) => {
    client.forwardOut('127.0.0.1', 0, '127.0.0.1', agent.port, (error, channel) =>
      error ? reject(error) : resolve(channel),
    )
  })

  await expect(forwarded).rejects.toThrow(/prohibited|failed/)
  client.end()
})

test('a stranger, and a host with another key, get nowhere', async () => {
  await expect(over('stranger').health(soon())).rejects.toMatchObject({ name: 'AgentUnreachable' })
  const other = sshd.url(`SHA256:${'A'.repeat(43)}`)
  await expect(over('attach', other).health(soon())).rejects.toMatchObject({ name: 'AgentUnreachable' })
})

test('ten calls at once share a connection', async () => {
  const client = over('attach')
  const answers = await Promise.all(Array.from({ length: 10 }, () => client.health(soon())))

  expect(answers).toHaveLength(10)
  client.close()
})
