import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AgentClient } from '../../lib/agent/client.ts'
import type { Task } from '../../lib/agent/tasks.ts'
import { backedUp, backupRequest, inNightly, restoreRequest, startBackups } from '../agent/backup-support.ts'
import { keys, startS3 } from '../agent/s3-server.ts'
import { globalId, type Host, MiB, makeHost, noise, qemuImg, soon } from '../agent/support.ts'
import { onShelf, shelf, uploadRequest } from '../agent/uploads.ts'
import { atEveryRecord, atOddMoments, type Case, succeeded } from './agent/killed.ts'

/** As agent-crash.test.ts, of what the agent brings to stores and takes from them. */
const bytes = 24 * MiB
const content = noise(bytes)
const minutes = 60_000

/** A repository with two backups of one volume, copied for each case: to make one takes a while by design. */
let model: Host
const made = { first: '', second: '' }
beforeAll(async () => {
  model = await makeHost()
  await writeFile(await model.attach(bytes), content)
  const { agent, client } = await startBackups(model)
  await using _ = agent
  made.first = (await backedUp(client, bytes)).snapshotId
  made.second = (await backedUp(client, bytes, { requestId: 'backup-2' })).snapshotId
})
afterAll(() => model[Symbol.asyncDispose]())

const staged = (host: Host) => {
  try {
    return readdirSync(host.at('state/staging'))
  } catch {
    return []
  }
}

const begun = async () => {
  const host = await makeHost()
  await writeFile(await host.attach(bytes), content)
  return host
}

const isVolume = async (host: Host, image: string, format: string) => {
  expect(qemuImg('compare', '-f', 'raw', '-F', format, host.at('volumes', globalId), image)).toContain(
    'identical',
  )
}

const toFolder = async (): Promise<Case> => {
  const host = await begun()
  return {
    host,
    changes: shelf(host),
    ask: async (client) => {
      await client.uploadVolume(uploadRequest(bytes), soon())
      await succeeded(client, 'request-1')
    },
    check: async () => {
      expect(readdirSync(host.at('shelf'))).toEqual(['disk'])
      await isVolume(host, onShelf(host, 'disk'), 'qcow2')
    },
    close: async () => {},
  }
}

const toBucket = (format: 'raw' | 'qcow2') => async (): Promise<Case> => {
  const host = await begun()
  const server = await startS3({ paceMs: 2 })
  const request = uploadRequest(bytes, {
    destination: { kind: 's3', store: 'images', key: 'disk' },
    format,
    compression: format === 'raw' ? 'none' : 'zstd',
    secrets: keys,
  })
  return {
    host,
    changes: { stores: { images: server.store } },
    ask: async (client) => {
      await client.uploadVolume(request, soon())
      await succeeded(client, 'request-1')
    },
    check: async () => {
      expect(server.uploads.size, 'parts').toBe(0)
      expect([...server.objects.keys()]).toEqual(['of/alpha/disk'])
      const object = await host.image('object', server.objects.get('of/alpha/disk')!.content)
      await isVolume(host, object, format)
      expect(staged(host)).toEqual([])
    },
    close: () => server[Symbol.asyncDispose](),
  }
}

/** With a repository that has two backups, or with none. */
const withRepository = async (isThere: boolean) => {
  const host = await begun()
  const path = host.at('nightly')
  // Whose it is counts: where the tests are root, restic is not.
  if (isThere) execFileSync('cp', ['-a', model.at('nightly'), path])
  return { host, changes: { stores: { nightly: { kind: 'restic', path } } } }
}

const done = async (client: AgentClient, begun: Promise<Task>) =>
  (await succeeded(client, (await begun).id)).result!

const backupsIn = async (client: AgentClient) =>
  (await done(client, client.listBackups(inNightly('list'), soon()))).backups ?? []

/** Every piece of data is read, and none is missing. */
const isSound = (client: AgentClient) =>
  done(client, client.checkBackup({ ...inNightly('check'), readDataPercent: 100 }, soon()))

const backup = (isThere: boolean) => async (): Promise<Case> => ({
  ...(await withRepository(isThere)),
  ask: async (client) => {
    await client.backupVolume(backupRequest(bytes, { requestId: 'new' }), soon())
    await succeeded(client, 'new')
  },
  check: async (client) => {
    const { snapshotId, sha256 } = await done(
      client,
      client.backupVolume(backupRequest(bytes, { requestId: 'new' }), soon()),
    )
    const found = await backupsIn(client)
    expect(found).toHaveLength(isThere ? 3 : 1)
    expect(found.filter(({ job }) => job === 'new')).toMatchObject([{ snapshotId, sha256, sizeBytes: bytes }])
    await isSound(client)
  },
  close: async () => {},
})

const restored = async (): Promise<Case> => {
  const { host, changes } = await withRepository(true)
  const file = await host.attach(bytes + MiB, { id: 'r.s.t', fill: 'x' })
  const request = restoreRequest(made.first, bytes, {
    volume: { globalId: 'r.s.t', sizeBytes: bytes + MiB },
    targetState: 'unknown',
  })
  return {
    host,
    changes,
    ask: async (client) => {
      await client.restoreBackup(request, soon())
      await succeeded(client, 'restore-1')
    },
    check: async () => {
      expect((await readFile(file)).equals(Buffer.concat([content, Buffer.alloc(MiB)]))).toBe(true)
    },
    close: async () => {},
  }
}

const deleted = async (): Promise<Case> => ({
  ...(await withRepository(true)),
  ask: async (client) => {
    await client.deleteBackup({ ...inNightly('delete'), snapshotId: made.first }, soon())
    await succeeded(client, 'delete')
  },
  check: async (client) => {
    expect((await backupsIn(client)).map(({ snapshotId }) => snapshotId)).toEqual([made.second])
    await isSound(client)
  },
  close: async () => {},
})

const cases: Record<string, () => Promise<Case>> = {
  'upload into a folder': toFolder,
  'upload of a file into a bucket': toBucket('qcow2'),
  'upload of a volume into a bucket': toBucket('raw'),
  'first backup': backup(false),
  'another backup': backup(true),
  restore: restored,
  'deletion of a backup': deleted,
}

test.each(Object.keys(cases))('killed at every record: %s', { timeout: 20 * minutes }, (kind) =>
  atEveryRecord(kind, cases[kind]!),
)

test.each(Object.keys(cases))('killed at odd moments: %s', { timeout: 10 * minutes }, (kind) =>
  atOddMoments(cases[kind]!, 3_000),
)
