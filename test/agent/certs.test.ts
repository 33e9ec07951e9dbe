import { spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { writeCerts } from '../../agent/certs.ts'
import { newAuthority, newPair } from '../../agent/x509.ts'
import { agentClient } from '../../lib/agent/client.ts'
import { parseCredentials } from '../../lib/agent/credentials.ts'
import { inDays } from './certificates.ts'
import { makeHost, soon } from './support.ts'

const makeFolder = async () => {
  const path = await mkdtemp(join(tmpdir(), 'cinderless certs-'))
  const at = (name: string) => join(path, name)
  const read = (name: string) => readFileSync(at(name), 'utf8')
  return { at, read, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
const options = { host: 'alpha', clients: true, days: 90 }

test('what it writes lets a function in as its role, with nothing configured but the files', async () => {
  await using folder = await makeFolder()
  await writeCerts({ ...options, out: folder.at('out') })
  await using host = await makeHost()
  const tls = {
    ca: folder.at('out/ca.crt'),
    cert: folder.at('out/server.crt'),
    key: folder.at('out/server.key'),
  }
  const { agent } = await host.start({ tls })
  await using _ = agent

  for (const role of ['attach', 'data', 'read']) {
    const credentials = async () => parseCredentials(folder.read(`out/${role}.json`))
    const client = agentClient({ url: agent.url, host: 'alpha', credentials })
    expect(await client.health(soon())).toMatchObject({ host: 'alpha' })
    const cancelled = client.cancelTask({ id: 'none' }, soon())
    await expect(cancelled).rejects.toMatchObject({ code: role === 'data' ? 'not_found' : 'forbidden' })
    client.close()
  }
})

test('every file is for its owner alone', async () => {
  await using folder = await makeFolder()

  const files = await writeCerts({ ...options, out: folder.at('out') })

  expect(files).toHaveLength(16)
  for (const file of files) expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(statSync(folder.at('out')).mode & 0o777).toBe(0o700)
})

test('writes over nothing, and then writes nothing', async () => {
  await using folder = await makeFolder()
  await writeFile(folder.at('read.key'), 'mine')

  const made = writeCerts({ ...options, out: folder.at('') })

  await expect(made).rejects.toMatchObject({
    name: 'CannotStart',
    message: expect.stringContaining('read.key is there'),
  })
  expect(await readdir(folder.at(''))).toEqual(['read.key'])
})

test('an authority that is there signs for another host, and new pairs for clients', async () => {
  await using folder = await makeFolder()
  const ca = folder.at('first')
  await writeCerts({ ...options, out: ca })

  await writeCerts({ out: folder.at('beta'), ca, host: 'beta', san: ['192.0.2.7'], clients: false, days: 30 })
  await writeCerts({ out: folder.at('renewed'), ca, clients: true, days: 30 })

  expect(await readdir(folder.at('beta'))).toEqual(['ca.crt', 'server.crt', 'server.key'])
  expect(await readdir(folder.at('renewed'))).not.toContain('server.key')
  const authority = new X509Certificate(folder.read('first/ca.crt'))
  for (const name of ['beta/server.crt', 'renewed/data.crt']) {
    const certificate = new X509Certificate(folder.read(name))
    expect(certificate.verify(authority.publicKey) && certificate.checkIssued(authority)).toBe(true)
  }
  expect(new X509Certificate(folder.read('beta/server.crt')).subjectAltName).toBe(
    'DNS:beta, IP Address:192.0.2.7',
  )
})

test('an authority with the key of another one is refused', async () => {
  const validity = { from: inDays(0), until: inDays(1) }
  const mixed = { cert: newAuthority('one', validity).cert, key: newAuthority('two', validity).key }

  expect(() => newPair(mixed, { names: ['x'], purpose: 'client', ...validity })).toThrow('not that of')
})

const hasOpenssl = spawnSync('openssl', ['version']).status === 0
test.skipIf(!hasOpenssl)('OpenSSL takes them by its strictest rules, each for its own purpose', async () => {
  await using folder = await makeFolder()
  const san = ['alpha.example', '127.0.0.1', 'fd00::1:2', '::ffff:192.0.2.1']
  await writeCerts({ ...options, san, out: folder.at('out'), days: 3650 })
  const verify = (purpose: string, file: string) => {
    const args = [
      'verify',
      '-x509_strict',
      '-CAfile',
      folder.at('out/ca.crt'),
      '-purpose',
      purpose,
      folder.at(file),
    ]
    return spawnSync('openssl', args).status === 0
  }

  expect(verify('sslserver', 'out/server.crt')).toBe(true)
  expect(verify('sslclient', 'out/server.crt')).toBe(false)
  expect(verify('sslclient', 'out/data.crt')).toBe(true)
  expect(verify('sslserver', 'out/data.crt')).toBe(false)
  const names = new X509Certificate(folder.read('out/server.crt')).subjectAltName
  expect(names).toBe(
    'DNS:alpha, DNS:alpha.example, IP Address:127.0.0.1, IP Address:FD00:0:0:0:0:0:1:2, IP Address:0:0:0:0:0:FFFF:C000:201',
  )
})

test('a certificate may last beyond 2049, when years are written otherwise', () => {
  const authority = newAuthority('long', { from: inDays(0), until: new Date('2061-02-03T04:05:06Z') })

  expect(new X509Certificate(authority.cert).validTo).toBe('Feb  3 04:05:06 2061 GMT')
})
