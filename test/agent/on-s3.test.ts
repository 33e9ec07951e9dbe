import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { keys, region, startS3 } from '../support/s3.ts'
import { uploadsOf } from '../support/uploads.ts'
import { ended, type Host, MiB, makeHost, noise, sha256, soon } from './support.ts'
import { uploadRequest } from './uploads.ts'

const away = { endpoint: 'http://127.0.0.1', region, bucket: 'away', prefix: 'here/' }

const startBoth = async (host: Host) => {
  const s3 = await startS3({ folder: host.at('s3'), buckets: ['away'] })
  const at = { ...away, endpoint: s3.url }
  const stores = { bucket: { kind: 's3', ...at } }
  return { s3, ...(await host.start({ stores })) }
}

test('a volume becomes one object of several parts, and no upload is left', async () => {
  await using host = await makeHost()
  const { s3, agent, client } = await startBoth(host)
  await using _s3 = s3
  await using _agent = agent
  const volume = await host.attach(40 * MiB)
  await writeFile(volume, noise(40 * MiB))

  await client.uploadVolume(
    uploadRequest(40 * MiB, {
      destination: { kind: 's3', store: 'bucket', key: 'disks/one.raw' },
      format: 'raw',
      compression: 'none',
      secrets: { ...keys },
    }),
    soon(),
  )

  expect(await ended(client)).toMatchObject({
    state: 'succeeded',
    result: { sizeBytes: 40 * MiB, sha256: await sha256(volume) },
  })
  const object = s3.store.getObject('away', 'here/disks/one.raw')
  expect(object.etag).toMatch(/-3"?$/)
  expect(createHash('sha256').update(object.body).digest('hex')).toBe(await sha256(volume))
  expect(uploadsOf(s3.store)).toEqual([])
})

test('keys that do not open the bucket end in words that hold none of them', async () => {
  await using host = await makeHost()
  const { s3, agent, client } = await startBoth(host)
  await using _s3 = s3
  await using _agent = agent
  await host.attach(2 * MiB)
  const destination = { kind: 's3', store: 'bucket', key: 'one' } as const
  const secrets = { accessKeyId: keys.accessKeyId, secretAccessKey: 'wrong-word' }

  await client.uploadVolume(uploadRequest(2 * MiB, { destination, secrets }), soon())

  const task = await ended(client)
  expect(task).toMatchObject({ state: 'failed', error: { code: 'destination_refused' } })
  expect(JSON.stringify(task) + (await readFile(host.at('state/journal.jsonl'), 'utf8'))).not.toContain(
    'wrong-word',
  )
})
