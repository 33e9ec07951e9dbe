import { writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { logger } from '../../lib/log.ts'
import { startCluster } from '../../local/cluster.ts'
import { takeStateFolder } from '../../local/state.ts'
import { temporaryFolder } from './harness.ts'

const cluster = { SP_API_HTTP_HOST: '10.0.0.1', SP_AUTH_TOKEN: '4711' }

/** What is told to functions of a cluster that is there, on a machine with this storpool.conf. */
const startedWith = async (env: Record<string, string>, conf?: string) => {
  await using folder = await temporaryFolder()
  const STORPOOL_CONF = join(folder.path, 'storpool.conf')
  if (conf !== undefined) await writeFile(STORPOOL_CONF, conf)
  const state = takeStateFolder(join(folder.path, 'state'))
  try {
    const { environment, missing, close } = await startCluster(
      { ...cluster, STORPOOL_CONF, ...env },
      state,
      logger('error'),
    )
    await close()
    return { environment, missing, hosts: JSON.parse(environment.HOSTS ?? 'null') }
  } finally {
    state.release()
  }
}

test.each([
  ['its section in storpool.conf says', {}, `[${hostname()}]\nSP_OURID=7\n`],
  ['SP_OURID says', { SP_OURID: '7' }, undefined],
])('with a cluster of one’s own, this machine is the client that %s', async (_, env, conf) => {
  const { hosts, environment } = await startedWith(env, conf)

  expect(hosts).toEqual({
    [hostname()]: { clientId: 7, agent: expect.stringMatching(/^https:\/\/127\.0\.0\.1:/) },
  })
  expect(environment.JOB_HOST).toBe(hostname())
})

test('a machine without a client id is no host, and nobody else’s', async () => {
  const { environment, missing } = await startedWith({})

  expect(environment).toEqual({ AGENT_CREDENTIALS_SECRET: '', STORES_SECRET: '', OS_PASSWORD_SECRET: '' })
  expect(missing).toEqual([expect.stringContaining('set SP_OURID, or HOSTS')])
})

test('who names the hosts has no agent started beside them', async () => {
  const { environment, missing } = await startedWith({ HOSTS: '{"alpha":{"agent":"https://alpha:9161"}}' })

  expect(environment).toEqual({ AGENT_CREDENTIALS_SECRET: '', STORES_SECRET: '', OS_PASSWORD_SECRET: '' })
  expect(missing).toEqual([])
})
