import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { buffer, text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { backupRequest, done, restoreRequest } from '../agent/backup-support.ts'
import { MiB, makeHost, noise, sha256, soon } from '../agent/support.ts'
import { keys, region, startS3 } from '../support/s3.ts'

const password = 'a word that opens it'

/** Debian's restic, on a bucket. */
const resticOn = (url: string, cache: string) => {
  const start = (...args: string[]) =>
    spawn(
      'restic',
      ['-q', '-o', `s3.region=${region}`, '-r', `s3:${url}/vault/plain`, '--cache-dir', cache, ...args],
      {
        env: {
          PATH: process.env.PATH ?? '',
          AWS_ACCESS_KEY_ID: keys.accessKeyId,
          AWS_SECRET_ACCESS_KEY: keys.secretAccessKey,
          RESTIC_PASSWORD: password,
        },
      },
    )
  return {
    start,
    run: async (args: string[], input?: Buffer) => {
      const child = start(...args)
      child.stdin.on('error', () => {})
      child.stdin.end(input)
      const [said, fault, [code]] = await Promise.all([
        buffer(child.stdout),
        text(child.stderr),
        once(child, 'close'),
      ])
      if (code !== 0) throw new Error(`restic ${args[0]} ended with ${code}: ${fault}`)
      return said
    },
  }
}

const digest = (content: Buffer) => createHash('sha256').update(content).digest('hex')

test('restic keeps 320 MiB in a bucket, and every byte of it reads back, also over a restart of the server', async () => {
  await using host = await makeHost()
  let s3 = await startS3({ folder: host.at('s3') })
  const { port, url } = s3
  const { run, start } = resticOn(url, host.at('cache'))
  const content = noise(320 * MiB)
  content.fill(0, 64 * MiB, 128 * MiB)
  const backup = [
    'backup',
    '--stdin',
    '--stdin-filename',
    'volume.raw',
    '--host',
    'alpha',
    '--compression',
    'auto',
  ]

  await run(['init', '--repository-version', '2'])
  await run(backup, content)
  noise(8 * MiB).copy(content, 200 * MiB)
  await run(backup, content)
  const snapshots = JSON.parse(String(await run(['snapshots', '--json']))) as { id: string }[]
  expect(snapshots).toHaveLength(2)
  await run(['check', '--read-data'])

  await s3[Symbol.asyncDispose]()
  s3 = await startS3({ folder: host.at('s3'), port })
  await using _ = { [Symbol.asyncDispose]: () => s3[Symbol.asyncDispose]() }
  expect(digest(await run(['dump', snapshots[1]!.id, 'volume.raw']))).toBe(digest(content))

  const killed = start(...backup)
  killed.stdin.on('error', () => {})
  killed.stdin.write(noise(96 * MiB))
  await expect
    .poll(() => s3.asked.filter(({ method }) => method === 'PUT').length, { timeout: 30_000 })
    .toBeGreaterThan(2)
  killed.kill('SIGKILL')
  await once(killed, 'close')
  await run(['unlock', '--remove-all'])
  await run(['forget', snapshots[0]!.id])
  await run(['prune'])
  await run(['check', '--read-data'])
  expect(digest(await run(['dump', snapshots[1]!.id, 'volume.raw']))).toBe(digest(content))
})

test('an agent backs a volume up into a bucket, restores it from there, and deletes the backup', async () => {
  await using host = await makeHost()
  await using s3 = await startS3({ folder: host.at('s3'), buckets: ['away'] })
  const place = { endpoint: s3.url, region, bucket: 'away', prefix: 'vault' }
  const { agent, client } = await host.start({ stores: { vault: { kind: 'restic', s3: place } } })
  await using _ = agent
  const volume = await host.attach(24 * MiB)
  await writeFile(volume, noise(24 * MiB))
  const secrets = { ...keys, password }
  const opens = { repository: 'vault', secrets }

  const made = await done(client, client.backupVolume(backupRequest(24 * MiB, opens), soon()))
  const target = await host.attach(32 * MiB, { id: 'r.s.t', fill: 'x' })
  const from = restoreRequest(made.snapshotId!, 24 * MiB, {
    ...opens,
    volume: { globalId: 'r.s.t', sizeBytes: 32 * MiB },
    targetState: 'unknown',
  })
  await done(client, client.restoreBackup(from, soon()))

  expect(await sha256(target, 24 * MiB)).toBe(await sha256(volume))
  expect((await readFile(target)).subarray(24 * MiB).every((byte) => byte === 0)).toBe(true)
  const of = { requestId: 'check-1', clientId: 7, ...opens }
  await done(client, client.checkBackup({ ...of, readDataPercent: 100 }, soon()))
  await done(
    client,
    client.deleteBackup({ ...of, requestId: 'delete-1', snapshotId: made.snapshotId! }, soon()),
  )
  expect(await done(client, client.listBackups({ ...of, requestId: 'list-1' }, soon()))).toMatchObject({
    total: 0,
  })
})
