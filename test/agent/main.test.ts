import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { parseConfig } from '../../agent/config.ts'
import { findTools, missingTools } from '../../agent/tools.ts'
import { copyRequest, type Host, MiB, makeHost, soon } from './support.ts'

const run = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['agent/main.ts', ...args], {
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

const runWith = async (host: Host, changes: object) => {
  const file = host.at('agent.json')
  await writeFile(file, JSON.stringify({ ...host.settings, ...changes }))
  return run('--config', file)
}

test('explains itself', () => {
  expect(run('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('--config FILE') })
})

test('names every wrong setting at once, in one line', async () => {
  await using host = await makeHost()

  const { status, stderr } = await runWith(host, {
    clientId: 0,
    images: 'here',
    colour: 'red',
    segmentBytes: 1,
  })

  expect(status).toBe(1)
  expect(stderr.trim().split('\n')).toHaveLength(1)
  for (const name of ['clientId', 'images', 'colour', 'segmentBytes']) expect(stderr).toContain(name)
})

test('listens on loopback only', async () => {
  await using host = await makeHost()

  const { status, stderr } = await runWith(host, { listen: { address: '0.0.0.0', port: 0 } })

  expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('loopback') })
})

test('says what to do about a port in use', async () => {
  await using host = await makeHost()
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const address = other.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0

  const { status, stderr } = await runWith(host, { listen: { address: '127.0.0.1', port } })
  other.close()

  expect(status).toBe(1)
  expect(stderr).toMatch(/^Port \d+ on 127\.0\.0\.1 is in use: choose another one .*\n$/)
})

test('without qemu-img it starts, says so with the remedy, and refuses to copy', async () => {
  await using host = await makeHost()
  mkdirSync(host.at('bin'))
  expect(missingTools(findTools(host.at('bin'))).join()).toContain('npm run setup')
  const path = process.env.PATH
  process.env.PATH = host.at('bin')
  try {
    const { agent, client } = await host.start()
    await using _ = agent
    expect(agent.missing.join()).toContain('npm run setup')
    await expect(client.copyImage(copyRequest('disk', 'raw', MiB), soon())).rejects.toMatchObject({
      code: 'tool_missing',
    })
  } finally {
    process.env.PATH = path
  }
})

test('makes certificates, says what is wrong here, and runs with what it made', async () => {
  await using host = await makeHost()
  const made = run('certs', '--out', host.at('certs'), '--host', 'alpha')
  expect(made.stdout).toContain(host.at('certs/server.crt'))
  expect(run('certs', '--out', host.at('certs'), '--host', 'alpha')).toMatchObject({ status: 1, stdout: '' })

  const tls = {
    ca: host.at('certs/ca.crt'),
    cert: host.at('certs/server.crt'),
    key: host.at('certs/server.key'),
  }
  const file = host.at('agent.json')
  await writeFile(file, JSON.stringify({ ...host.settings, tls, images: host.at('nowhere') }))
  const checked = run('check', '--config', file)
  expect(checked.status).toBe(1)
  expect(checked.stdout).toMatch(/^WRONG images +ENOENT/m)
  expect(checked.stdout).toMatch(/^ok +certificate +DNS:alpha/m)
})

test.each([
  ['an unknown command', ['destroy'], 'no command destroy'],
  ['two commands', ['check', 'certs'], 'no command check certs'],
  ['no folder for certificates', ['certs'], '--out'],
  ['a number of days that is none', ['certs', '--out', '/nonexistent', '--days', 'many'], '--days'],
])('refuses %s with its usage', (_, args, message) => {
  const { status, stderr } = run(...args)

  expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining(message) })
})

test('who this host is comes from storpool.conf, unless the configuration says it', async () => {
  await using host = await makeHost()
  const conf = host.at('storpool.conf')
  const nobody = { ...host.settings, clientId: undefined }
  expect(() => parseConfig(nobody)).toThrow('has no SP_OURID for alpha')
  await writeFile(conf, 'SP_OURID=4\n[alpha]\nSP_OURID=8\n[beta]\nSP_OURID=9\n')

  expect(parseConfig(nobody)).toMatchObject({ host: 'alpha', clientId: 8 })
  expect(parseConfig({ ...nobody, host: 'beta' })).toMatchObject({ clientId: 9 })
  expect(parseConfig({ ...nobody, host: 'gamma' })).toMatchObject({ clientId: 4 })
  expect(() => parseConfig(host.settings)).toThrow('says client 7 for alpha')
  await writeFile(conf, '[alpha]\nSP_OURID=many\n')
  expect(() => parseConfig(nobody)).toThrow('not a number')
})

test('the unit starts Node with options that it knows', () => {
  const unit = readFileSync('agent/cinderless-agent.service', 'utf8')
  const [, options = ''] = /^ExecStart=\S+ (.*?) ?\S+\/agent\.cjs /m.exec(unit) ?? []

  const { status, stderr } = spawnSync(process.execPath, [...options.split(' '), '-e', '0'], {
    encoding: 'utf8',
  })

  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(options).toContain('--expose-gc')
})

test('the unit keeps what the checklist asks for', () => {
  const unit = readFileSync('agent/cinderless-agent.service', 'utf8')
  const wanted = [
    'NoNewPrivileges=yes',
    'ProtectSystem=strict',
    'ProtectHome=yes',
    'PrivateTmp=yes',
    'DevicePolicy=closed',
    'KillMode=control-group',
    'Restart=always',
    'StateDirectoryMode=0700',
    'LimitCORE=0',
  ]
  for (const line of wanted) expect(unit.split('\n')).toContain(line)
  for (const name of [
    'DeviceAllow',
    'RestrictAddressFamilies',
    'MemoryMax',
    'TasksMax',
    'SystemCallFilter',
  ]) {
    expect(unit).toMatch(new RegExp(`^${name}=.+`, 'm'))
  }
  expect(unit, "StorPool's devices, not every disk").not.toMatch(/^DeviceAllow=(?:block-\*|\/dev)/m)
  expect(unit).not.toMatch(/CAP_(?:SYS_RAWIO|NET_|DAC_OVERRIDE|SYS_MODULE)/)
})
