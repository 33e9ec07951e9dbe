import { expect, test } from 'vitest'
import { parseConfig } from '../../agent/config.ts'
import { startAgent } from '../../agent/server.ts'
import { agentClient } from '../../lib/agent/client.ts'
import { logger } from '../../lib/log.ts'
import { authority, shows, tlsFiles } from './certificates.ts'
import { attachment, clientId, copyRequest, ended, globalId, MiB, makeHost, soon } from './support.ts'

test('each request that may change something is a line that says who, what and how it ended; none holds a secret', async () => {
  await using host = await makeHost()
  const ca = authority()
  const lines: string[] = []
  const log = logger('debug', (line) => lines.push(line) > 0)
  const tls = tlsFiles(host.at('tls'), ca).files
  await using agent = await startAgent(parseConfig({ ...host.settings, tls }), log)
  const as = (name: string) =>
    agentClient({ url: agent.url, host: 'alpha', credentials: shows(ca, ca.client([name])) })
  const [data, read] = [as('data.cinderless'), as('read.cinderless')]
  await host.attach(MiB)
  const volume = { globalId, sizeBytes: MiB }
  const wait = { clientId, volume, attachment: attachment(3), mode: 'rw' as const, waitMs: 0 }
  const url = 'https://localhost/disk?signature=secret'
  const copy = copyRequest('', 'raw', MiB, { attachment: attachment(3), source: { kind: 'https', url } })

  await data.attachWait(wait, soon())
  await data.copyImage(copy, soon())
  expect(await ended(data)).toMatchObject({ error: { code: 'source_refused' } })
  await expect(read.attachWait(wait, soon())).rejects.toMatchObject({ code: 'forbidden' })
  await expect(
    data.release({ clientId, volume: { globalId }, attachment: attachment(2) }, soon()),
  ).rejects.toThrow()
  await data.health(soon())

  const who = { by: 'data.cinderless', volume: globalId }
  const said = lines.map((line) => JSON.parse(line))
  expect(said.filter(({ by }) => by !== undefined)).toMatchObject([
    { message: 'attach-wait', ...who, attachment: 'a3', generation: 3, status: 200 },
    { message: 'copy-image', ...who, request: 'request-1', generation: 3, status: 202 },
    { message: 'attach-wait', by: 'read.cinderless', status: 403 },
    { message: 'release', ...who, attachment: 'a2', generation: 2, status: 409 },
  ])
  expect(said).toContainEqual(expect.objectContaining({ message: 'task ended', task: 'request-1' }))
  expect(lines.join('')).not.toMatch(/secret|signature|PRIVATE KEY/)
  data.close()
  read.close()
})
