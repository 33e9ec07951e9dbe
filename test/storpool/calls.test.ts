import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { attachmentsList, volumesReassignWait } from '../../lib/storpool/attachments.ts'
import { type Connection, connect, type StorPool } from '../../lib/storpool/client.ts'
import { disksList } from '../../lib/storpool/disks.ts'
import { isNoSuchClient, isOpenAt } from '../../lib/storpool/errors.ts'
import { clientConfigWait, clientsConfigDump, servicesList } from '../../lib/storpool/services.ts'
import {
  snapshotDelete,
  snapshotSummary,
  snapshotsList,
  snapshotsSpace,
  snapshotUpdate,
  volumeListSnapshots,
  volumeSnapshot,
  volumesGroupSnapshot,
} from '../../lib/storpool/snapshots.ts'
import { volumeTemplatesList, volumeTemplatesStatus } from '../../lib/storpool/templates.ts'
import {
  volumeCreate,
  volumeDelete,
  volumeRevert,
  volumeSummary,
  volumesGetStatus,
  volumesGetStatusQuick,
  volumesList,
  volumesSpace,
  volumeUpdate,
} from '../../lib/storpool/volumes.ts'
import { type Simulator, startSimulator } from '../../simulator/server.ts'
import { failing } from './servers.ts'

const MiB = 1024 ** 2

let data: string
let simulator: Simulator
let connection: Connection
let storpool: StorPool

beforeAll(async () => {
  data = await mkdtemp(join(tmpdir(), 'storpool-calls-'))
  simulator = await startSimulator({ data })
  connection = connect({ host: '127.0.0.1', port: simulator.port, token: simulator.token })
  storpool = connection.within(Date.now() + 60_000)
})
afterAll(async () => {
  connection.close()
  await simulator.close()
  await rm(data, { recursive: true, force: true })
})
afterEach(() => {
  simulator.reset({ all: true })
})

const calls = () => simulator.calls.map(({ method, path }) => `${method} ${path.replace('/ctrl/1.0/', '')}`)

describe('volumes', () => {
  test('are created, found by name and by global id, changed and deleted', async () => {
    const { globalId = '' } = await volumeCreate(storpool, {
      name: 'v',
      size: MiB,
      template: 'ssd',
      tags: { a: 'b' },
      iops: 100,
      bw: '-',
    })
    const there = await volumeSummary(storpool, 'v')
    await volumeUpdate(storpool, `~${globalId}`, { rename: 'w', size: 2 * MiB, tags: { a: '', c: 'd' } })

    expect(there).toMatchObject({
      name: 'v',
      globalId,
      size: MiB,
      templateName: 'ssd',
      tags: { a: 'b' },
      iops: 100,
    })
    expect(await volumeSummary(storpool, `~${globalId}`)).toMatchObject({
      name: 'w',
      size: 2 * MiB,
      tags: { c: 'd' },
    })
    expect((await volumesList(storpool)).map(({ name }) => name)).toEqual(['w'])

    await volumeDelete(storpool, 'w')
    await expect(volumeSummary(storpool, 'w')).rejects.toMatchObject({ errorName: 'objectDoesNotExist' })
    expect(calls()).toEqual([
      'POST MultiCluster/VolumeCreate',
      'GET MultiCluster/Volume/v',
      `POST MultiCluster/VolumeUpdate/~${globalId}`,
      `GET MultiCluster/Volume/~${globalId}`,
      'GET MultiCluster/VolumesList',
      'POST MultiCluster/VolumeDelete/w',
      'GET MultiCluster/Volume/w',
    ])
  })

  test('are refused in names, not in words', async () => {
    await volumeCreate(storpool, { name: 'v', size: MiB, template: 'ssd' })

    const again = volumeCreate(storpool, { name: 'v', size: MiB, template: 'ssd' })
    await expect(again).rejects.toMatchObject({ name: 'StorPoolApiError', errorName: 'objectExists' })
    const odd = volumeCreate(storpool, { name: 'w', size: 513, template: 'ssd' })
    await expect(odd).rejects.toMatchObject({ errorName: 'invalidParam' })
    const nowhere = volumeCreate(storpool, { name: 'w', size: MiB, template: 'no-such' })
    await expect(nowhere).rejects.toMatchObject({ errorName: 'objectDoesNotExist' })
  })

  test('say what they store and how they are', async () => {
    await volumeCreate(storpool, { name: 'v', size: MiB, template: 'ssd' })

    expect(await volumesSpace(storpool)).toMatchObject([{ name: 'v', storedSize: expect.any(Number) }])
    expect(await volumesGetStatus(storpool)).toMatchObject({ v: { status: 'up', snapshot: false } })
    expect(await volumesGetStatusQuick(storpool)).toMatchObject({ v: { status: 'up', migrating: false } })
    expect(calls().slice(1)).toEqual([
      'GET MultiCluster/VolumesSpace',
      'GET MultiCluster/VolumesGetStatus',
      'GET MultiCluster/VolumesGetStatusQuick',
    ])
  })
})

describe('snapshots', () => {
  test('are taken, cloned from, reverted to, changed and deleted', async () => {
    await volumeCreate(storpool, { name: 'v', size: MiB, template: 'ssd' })
    const { snapshotGlobalId = '' } = await volumeSnapshot(storpool, 'v', { name: 's', tags: { a: 'b' } })
    await volumeCreate(storpool, { name: 'clone', parent: 's', template: 'hdd' })
    await snapshotUpdate(storpool, 's', { rename: 't' })
    await volumeRevert(storpool, 'v', { toSnapshot: 't' })

    expect(await snapshotSummary(storpool, `~${snapshotGlobalId}`)).toMatchObject({
      name: 't',
      size: MiB,
      tags: { a: 'b' },
    })
    expect(await volumeSummary(storpool, 'clone')).toMatchObject({
      parentName: 't',
      size: MiB,
      templateName: 'hdd',
    })
    expect(await snapshotsList(storpool)).toMatchObject([
      { name: 't', globalId: snapshotGlobalId, deleted: false },
    ])
    expect(await volumeListSnapshots(storpool, 'clone')).toMatchObject([{ name: 't' }])
    expect(await snapshotsSpace(storpool)).toMatchObject([{ name: 't', spaceUsed: expect.any(Number) }])

    await volumeDelete(storpool, 'clone')
    await volumeDelete(storpool, 'v')
    await snapshotDelete(storpool, 't')
    await expect(snapshotSummary(storpool, 't')).rejects.toMatchObject({ errorName: 'objectDoesNotExist' })
    expect(calls()).toContain('POST SnapshotUpdate/s')
    expect(calls()).toContain('GET VolumeListSnapshots/clone')
    expect(calls()).toContain('POST MultiCluster/VolumeRevert/v')
    expect(calls()).toContain('POST MultiCluster/SnapshotDelete/t')
  })

  test('of a group are taken together', async () => {
    for (const name of ['a', 'b']) await volumeCreate(storpool, { name, size: MiB, template: 'ssd' })

    const { snapshots } = await volumesGroupSnapshot(storpool, {
      volumes: [{ volume: 'a', name: 'sa' }, { volume: 'b' }],
      tags: { group: 'g' },
    })

    expect(snapshots.map(({ volume }) => volume)).toEqual(['a', 'b'])
    expect(await snapshotSummary(storpool, 'sa')).toMatchObject({ tags: { group: 'g' } })
    expect(await snapshotSummary(storpool, `~${snapshots[1]?.snapshotGlobalId}`)).toMatchObject({ size: MiB })
  })
})

describe('attachments', () => {
  test('are made, taken over and ended in one call each', async () => {
    await volumeCreate(storpool, { name: 'v', size: MiB, template: 'ssd' })

    await volumesReassignWait(storpool, { reassign: [{ volume: 'v', rw: [1] }], attachTimeout: 5 })
    expect(await attachmentsList(storpool)).toMatchObject([
      { volume: 'v', client: 1, rights: 'rw', snapshot: false },
    ])
    await volumesReassignWait(storpool, { reassign: [{ volume: 'v', detach: 'all', ro: [2] }] })
    expect(await attachmentsList(storpool)).toMatchObject([{ volume: 'v', client: 2, rights: 'ro' }])
    await volumesReassignWait(storpool, { reassign: [{ volume: 'v', detach: [2] }] })
    await volumesReassignWait(storpool, { reassign: [{ volume: 'v', detach: [2] }] })
    expect(await attachmentsList(storpool)).toEqual([])
    expect(calls()).toContain('POST MultiCluster/VolumesReassignWait')
    expect(calls()).toContain('GET MultiCluster/AttachmentsList')
  })

  test('of an open device are not ended, and of an unknown client not made', async () => {
    const { globalId = '' } = await volumeCreate(storpool, { name: 'v', size: MiB, template: 'ssd' })
    await volumesReassignWait(storpool, { reassign: [{ volume: 'v', rw: [1] }] })
    const close = simulator.openDevice(1, globalId)

    const open = await failing(volumesReassignWait(storpool, { reassign: [{ volume: 'v', detach: [1] }] }))
    const unknown = await failing(volumesReassignWait(storpool, { reassign: [{ volume: 'v', rw: [4000] }] }))
    close()

    expect(isOpenAt(open)).toBe(true)
    expect(isNoSuchClient(open)).toBe(false)
    expect(isNoSuchClient(unknown)).toBe(true)
    expect(isOpenAt(unknown)).toBe(false)
    await expect(volumeDelete(storpool, 'v')).rejects.toMatchObject({ errorName: 'busy' })
  })
})

describe('the cluster', () => {
  test('says which services run, and which clients are up to date', async () => {
    expect(await servicesList(storpool)).toMatchObject({
      clusterStatus: 'running',
      clients: { 1: { status: 'running' } },
    })
    const dump = await clientsConfigDump(storpool)
    expect(dump.find(({ id }) => id === 3)).toMatchObject({ configStatus: 'ok' })
    const waited = await clientConfigWait(storpool, 3, { timeoutMs: 5000 })
    expect(waited.find(({ id }) => id === 3)).toMatchObject({ configStatus: 'ok' })
    expect(calls()).toEqual(['GET ServicesList', 'GET ClientsConfigDump', 'GET ClientConfigWait/3'])
  })

  test('says what room there is, by template and by disk', async () => {
    const templates = await volumeTemplatesList(storpool)
    expect(templates.map(({ name }) => name)).toContain('hybrid')
    const [status] = await volumeTemplatesStatus(storpool)
    expect(status?.stored.free).toBeGreaterThan(0)
    const disks = Object.values(await disksList(storpool))
    expect(disks.filter(({ generationLeft }) => generationLeft === -1)).toHaveLength(5)
    expect(disks.filter(({ generationLeft }) => generationLeft !== -1)).toHaveLength(1)
    expect(calls()).toEqual(['GET VolumeTemplatesList', 'GET VolumeTemplatesStatus', 'GET DisksList'])
  })
})

describe('faults', () => {
  const named = { name: 'v', size: MiB, template: 'ssd' }

  test('transient ones are outlived', async () => {
    simulator.fault({ match: 'VolumeCreate', times: 2, kind: 'transient' })

    await expect(volumeCreate(storpool, named)).resolves.toMatchObject({ ok: true })

    expect(simulator.calls.map(({ call }) => call)).toEqual(['VolumeCreate', 'VolumeCreate', 'VolumeCreate'])
    expect(new Set(simulator.calls.map(({ body }) => JSON.stringify(body))).size).toBe(1)
  })

  test.each(['reset', 'resetAfterCommit', 'html', 'empty', 'hang'] as const)(
    'after %s it is not known whether the change was made, and nobody asks again',
    async (kind) => {
      simulator.fault({ match: 'VolumeCreate', times: 1, kind })

      const error = await failing(volumeCreate(connection.within(Date.now() + 500), named))

      expect(error).toMatchObject({ mayHaveHappened: true })
      expect(simulator.calls).toHaveLength(1)
      if (kind === 'reset') expect(simulator.volumes.has('v')).toBe(false)
      if (kind === 'resetAfterCommit') expect(simulator.volumes.has('v')).toBe(true)
    },
  )

  test('a read that was reset is read again', async () => {
    await volumeCreate(storpool, named)
    simulator.fault({ match: 'Volume', times: 1, kind: 'reset' })

    await expect(volumeSummary(storpool, 'v')).resolves.toMatchObject({ name: 'v' })
  })

  test('a cluster that closes each connection is no obstacle', async () => {
    simulator.setKnobs({ keepAlive: false })

    for (const name of ['a', 'b', 'c']) await volumeCreate(storpool, { ...named, name })

    expect(new Set(simulator.calls.map(({ conn }) => conn)).size).toBe(3)
  })

  test('a cluster that keeps connections sees one', async () => {
    for (const name of ['a', 'b', 'c']) await volumeCreate(storpool, { ...named, name })

    expect(new Set(simulator.calls.map(({ conn }) => conn)).size).toBe(1)
  })

  test('a wrong token is a refusal, whatever its name', async () => {
    const other = connect({ host: '127.0.0.1', port: simulator.port, token: '123' })

    const error = await failing(volumesList(other.within(Date.now() + 5000)))
    other.close()

    expect(error).toMatchObject({ name: 'StorPoolApiError', httpStatus: 401 })
  })
})
