import { readFileSync } from 'node:fs'
import { chmod, mkdir, symlink, truncate, writeFile } from 'node:fs/promises'
import { delimiter } from 'node:path'
import { expect, test } from 'vitest'
import {
  copyRequest,
  ended,
  globalId,
  type Host,
  MiB,
  makeHost,
  noise,
  remove,
  soon,
  underWay,
  until,
} from './support.ts'

/** An agent whose qemu-img is this script. */
const startWith = async (host: Host, ...script: string[]) => {
  const { PATH: path } = process.env
  await mkdir(host.at('bin'))
  await writeFile(host.at('bin/qemu-img'), ['#!/bin/sh', ...script].join('\n'))
  await chmod(host.at('bin/qemu-img'), 0o755)
  process.env.PATH = `${host.at('bin')}${delimiter}${path}`
  return host.start().finally(() => {
    process.env.PATH = path
  })
}

test('a device that fails under a copy is an io_error, and is not tried again', async () => {
  await using host = await makeHost()
  const { agent, client } = await startWith(
    host,
    `echo called >> '${host.at('calls')}'`,
    "echo 'error while writing: Input/output error' >&2",
    'exit 1',
  )
  await using _ = agent
  await host.attach(2 * MiB)
  await host.image('disk', noise(2 * MiB))
  await writeFile(host.at('calls'), '')

  await client.copyImage(copyRequest('disk', 'raw', 2 * MiB), soon())

  expect(await ended(client)).toMatchObject({
    state: 'failed',
    error: { code: 'io_error', message: expect.stringContaining('Input/output error') },
    result: { partlyWritten: true },
  })
  expect(readFileSync(host.at('calls'), 'utf8')).toBe('called\n')
})

test('a process that somebody killed is an io_error that says so, and the agent goes on', async () => {
  await using host = await makeHost()
  const { agent, client } = await startWith(host, 'test "$1" = convert || exit 0', 'exec sleep 60')
  await using _ = agent
  await host.attach(MiB)
  await host.image('disk', noise(MiB))
  await client.copyImage(copyRequest('disk', 'raw', MiB), soon())
  const pid = await until(() => host.children()[0])

  process.kill(Number(pid), 'SIGKILL')

  expect(await ended(client)).toMatchObject({
    state: 'failed',
    error: { code: 'io_error', retryable: true, message: expect.stringContaining('SIGKILL') },
    result: { partlyWritten: true },
  })
  expect(await client.health(soon())).toMatchObject({ ok: true, tasks: 0 })
})

test.each<[string, (host: Host) => unknown]>([
  ['is taken from this host', (host) => remove(host.at('dev/storpool-byid', globalId))],
  [
    'comes to mean another one',
    async (host) => {
      remove(host.at('dev/storpool-byid', globalId))
      await writeFile(host.at('volumes/other'), Buffer.alloc(2 * MiB))
      await symlink(host.at('volumes/other'), host.at('dev/storpool-byid', globalId))
    },
  ],
])('a copy onto a device that %s is ended, and its process with it', async (_, take) => {
  await using host = await makeHost()
  const { agent, client } = await startWith(host, 'test "$1" = convert || exit 0', 'exec sleep 60')
  await using __ = agent
  await host.attach(2 * MiB)
  await host.image('disk', noise(2 * MiB))
  await client.copyImage(copyRequest('disk', 'raw', 2 * MiB), soon())
  await until(() => (host.children().length > 0 ? true : undefined))

  await take(host)

  expect(await ended(client)).toMatchObject({
    state: 'failed',
    error: { code: 'not_attached' },
    result: { partlyWritten: true },
  })
  expect(host.children()).toEqual([])
})

test('a link that is made anew under a copy ends nothing', async () => {
  await using host = await makeHost()
  const { agent, client } = await startWith(host, 'test "$1" = convert || exit 0', 'exec sleep 2')
  await using _ = agent
  const file = await host.attach(MiB)
  await host.image('disk', noise(MiB))
  await client.copyImage(copyRequest('disk', 'raw', MiB), soon())
  await until(() => (host.children().length > 0 ? true : undefined))

  remove(host.at('dev/storpool-byid', globalId))
  await symlink(file, host.at('dev/storpool-byid', globalId))

  expect(await ended(client)).toMatchObject({ state: 'succeeded' })
})

test('a volume that is extended under a copy ends it with size_mismatch', async () => {
  await using host = await makeHost()
  const { agent, client } = await host.start()
  await using _ = agent
  const file = await host.attach(64 * MiB)
  await host.image('disk', noise(64 * MiB))
  await client.copyImage(copyRequest('disk', 'raw', 64 * MiB), soon())
  await underWay(client, 2 * MiB)

  await truncate(file, 128 * MiB)

  expect(await ended(client)).toMatchObject({
    error: { code: 'size_mismatch', details: { sizeBytes: 128 * MiB } },
    result: { partlyWritten: true },
  })
})
