import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
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
    expect(agent.missing).toHaveLength(3)
    await expect(client.copyImage(copyRequest('disk', 'raw', MiB), soon())).rejects.toMatchObject({
      code: 'tool_missing',
    })
  } finally {
    process.env.PATH = path
  }
})
