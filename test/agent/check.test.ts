import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { expect, test } from 'vitest'
import { checkHost, report } from '../../agent/check.ts'
import { authority, inDays, tlsFiles } from './certificates.ts'
import { type Host, makeHost } from './support.ts'

/** A host on which nothing is wrong but what the machine of the test itself lacks. */
const goodHost = async () => {
  const host = await makeHost()
  chmodSync(host.at('state'), 0o700)
  const ca = authority()
  const tls = tlsFiles(host.at('tls'), ca, ca.server(['alpha'], inDays(-1), inDays(20)))
  return { host, ca, tls }
}

const check = async (host: Host, changes: object) => {
  const file = host.at('agent.json')
  writeFileSync(file, JSON.stringify({ ...host.settings, ...changes }))
  const findings = await checkHost(file)
  // What children are kept from depends on the user this test runs as, and the clock on the machine.
  const ours = findings.filter(({ what }) => what !== 'isolation' && what !== 'clock')
  const wrong = ours.flatMap(({ what, is, remedy }) => (remedy ? [[what, `${is}: ${remedy}`]] : []))
  return { findings, wrong: Object.fromEntries(wrong) }
}

test('finds nothing wrong where nothing is, and says what it found', async () => {
  const { host, tls } = await goodHost()
  await using _ = host
  const { findings, wrong } = await check(host, { tls: tls.files, socket: host.at('rpc.sock') })

  expect(wrong).toEqual({})
  expect(report(findings)).toMatch(/^ok +host +alpha, client 7$/m)
  expect(report(findings)).toMatch(/^ok +certificate +DNS:alpha, until \d{4}-/m)
})

test.each<[string, string, RegExp, (host: Host) => object]>([
  ['devices', 'a folder that is not there', /ENOENT.*\/dev/s, (host) => ({ devices: host.at('nowhere') })],
  ['images', 'a file for a folder', /no folder/, (host) => ({ images: host.at('state/journal.jsonl') })],
  ['state', 'a file for a folder', /no folder/, (host) => ({ state: host.at('agent.json') })],
  ['host', 'no SP_OURID', /no SP_OURID for alpha/, () => ({ clientId: undefined })],
  ['configuration', 'an unknown setting', /colour/, () => ({ colour: 'red' })],
  [
    'address',
    "another host's",
    /no address 192\.0\.2\.1/,
    () => ({ listen: { address: '192.0.2.1', port: 0 } }),
  ],
  ['socket', 'a folder that is not there', /ENOENT/, (host) => ({ socket: host.at('nowhere/rpc.sock') })],
  [
    'socket',
    'nobody',
    /no user nobody-here/,
    (host) => ({ socket: host.at('s'), socketUser: 'nobody-here' }),
  ],
])('%s: %s', async (what, _, message, spoil) => {
  const { host, tls } = await goodHost()
  await using __ = host
  const changes = spoil(host)

  const { wrong } = await check(host, { tls: tls.files, ...changes })

  expect(wrong).toEqual({ [what]: expect.stringMatching(message) })
})

test.each<[string, RegExp, (from: Awaited<ReturnType<typeof goodHost>>) => void]>([
  [
    'expired',
    /expired on/,
    ({ ca, tls }) => tls.write(ca.cert, ca.server(['alpha'], inDays(-2), inDays(-1))),
  ],
  [
    'soon over',
    /expires on/,
    ({ ca, tls }) => tls.write(ca.cert, ca.server(['alpha'], inDays(-2), inDays(3))),
  ],
  [
    "another host's",
    /not for alpha/,
    ({ ca, tls }) => tls.write(ca.cert, ca.server(['beta'], inDays(-2), inDays(20))),
  ],
  [
    "a client's",
    /client's/,
    ({ ca, tls }) => tls.write(ca.cert, ca.client(['alpha'], inDays(-2), inDays(20))),
  ],
  [
    'not of its key',
    /not of the key/,
    ({ ca, tls }) => {
      const { cert } = ca.server(['alpha'], inDays(-2), inDays(20))
      tls.write(ca.cert, { cert, key: ca.server(['alpha']).key })
    },
  ],
])('a certificate that is %s is wrong', async (_, message, spoil) => {
  const good = await goodHost()
  await using host = good.host
  spoil(good)

  const { wrong } = await check(host, { tls: good.tls.files })

  expect(wrong).toEqual({ certificate: expect.stringMatching(message) })
})

test('a state folder that others may look into is wrong', async () => {
  const { host, tls } = await goodHost()
  await using _ = host
  chmodSync(host.at('state'), 0o755)

  const { wrong } = await check(host, { tls: tls.files })

  expect(wrong).toEqual({ state: expect.stringMatching(/open to others.*chmod 0700/s) })
})

test('so is a staging folder of its own', async () => {
  const { host, tls } = await goodHost()
  await using _ = host
  const staging = host.at('staged')
  mkdirSync(staging, { mode: 0o755 })

  const { wrong } = await check(host, { tls: tls.files, staging })

  expect(wrong).toEqual({ staging: expect.stringMatching(/open to others.*chmod 0700/s) })
})

test('an authority that is none, and a key that others may read', async () => {
  const { host, ca, tls } = await goodHost()
  await using _ = host
  const server = ca.server(['alpha'], inDays(-2), inDays(20))
  tls.write(server.cert, server)
  chmodSync(tls.files.key, 0o644)

  const { wrong } = await check(host, { tls: tls.files })

  expect(wrong).toEqual({
    authority: expect.stringContaining('no authority'),
    key: expect.stringContaining('chmod 0600'),
  })
})

test('a qemu-img that is too old, or gone, is said with the remedy', async () => {
  const { host, tls } = await goodHost()
  await using _ = host
  mkdirSync(host.at('bin'))
  for (const name of ['restic', 'setpriv', 'prlimit', 'unshare'])
    symlinkSync(`/usr/bin/${name}`, host.at('bin', name))
  const path = process.env.PATH
  process.env.PATH = host.at('bin')
  try {
    const gone = await check(host, { tls: tls.files })
    expect(gone.wrong).toEqual({ programs: expect.stringContaining('apt-get install qemu-utils') })
    writeFileSync(host.at('bin/qemu-img'), '#!/bin/sh\necho "qemu-img version 4.2.1 (Debian)"\n', {
      mode: 0o755,
    })
    const old = await check(host, { tls: tls.files })
    expect(old.wrong).toEqual({ 'qemu-img': expect.stringMatching(/4\.2\.1: 5\.1 or later/) })
  } finally {
    process.env.PATH = path
  }
})

test('takes the client id from storpool.conf, and says where the two differ', async () => {
  const { host, tls } = await goodHost()
  await using _ = host
  const conf = host.at('storpool.conf')
  writeFileSync(conf, `SP_AUTH_TOKEN=secret\n[${hostname()}]\nSP_OURID=11\n[alpha]\nSP_OURID=8\n`)

  const own = await check(host, { tls: tls.files, host: undefined, clientId: undefined, storpoolConf: conf })
  expect(report(own.findings)).toContain(`${hostname()}, client 11`)
  const other = await check(host, { tls: tls.files, storpoolConf: conf })
  expect(other.wrong).toEqual({ host: expect.stringMatching(/says client 7 for alpha, .* says 8/) })
  expect(report([...own.findings, ...other.findings])).not.toContain('secret')
})

test('the port of an agent that runs is not held against it', async () => {
  const { host, tls } = await goodHost()
  await using _ = host
  const { agent } = await host.start()
  await using __ = agent

  const { wrong } = await check(host, { tls: tls.files, listen: { address: '127.0.0.1', port: agent.port } })

  expect(wrong).toEqual({})
})
