import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { JobRecord } from '../../lib/jobs/record.ts'
import { jobRecords } from '../../lib/store/jobs.ts'
import { reconcile } from '../../lib/volumes/reconcile/reconcile.ts'
import type { VolumeRecord } from '../../lib/volumes/record.ts'
import { type As, type BlockStorageSystem, project, startBlockStorage } from '../support/block-storage.ts'
import { cutAt } from '../support/cut-storage.ts'
import { nameOf } from '../support/makers.ts'

let system: BlockStorageSystem
beforeAll(async () => {
  system = await startBlockStorage()
})
afterAll(() => system?.[Symbol.asyncDispose]())

const now = () => new Date().toISOString()
const jobs = () => jobRecords(system.cluster.table, now)
const caller = { user: 'u', project, role: 'admin', isService: false } as const
const used = async () =>
  Object.entries((await system.storage().quotas.read(project)).used).filter(([, amount]) => amount !== 0)
/** Counts what is there, too. */
const reconciled = () =>
  reconcile(system.storage(), { mend: false, isOver: () => false, pause: async () => true })
const isThere = (id: string) => system.cluster.simulator.volumes.has(nameOf(id))

const aJob = async (status: JobRecord['status']): Promise<string> => {
  const id = randomUUID()
  const times = { createdAt: now(), queuedAt: now(), updatedAt: now() }
  const empty = { attempts: 0, steps: [], answers: {}, doneBytes: 0, totalBytes: 0, bytesPerSecond: 0 }
  await jobs().create({
    ...{ id, kind: 'migrate-volume', project, backend: 'default', hash: 'x', input: {}, status },
    ...{ ...times, ...empty, cancelRequested: false },
  })
  return id
}

const works = {
  create: { status: 'downloading', input: { imageId: randomUUID() } },
  'os-reimage': { status: 'downloading', input: { imageId: randomUUID() } },
  'os-volume_upload_image': { status: 'uploading', input: { imageId: randomUUID(), format: 'raw' } },
  'os-retype': { status: 'retyping', input: { type: randomUUID(), policy: 'on-demand' } },
} as const

/** A volume that a job works on. */
const workedOn = async (action: keyof typeof works, job: string): Promise<string> => {
  const { id } = await system.aVolume()
  const { status, input } = works[action]
  const { volumes } = system.storage()
  const record = await volumes.get(id)
  const work = { id: randomUUID(), action, input, since: now(), from: 'available', reserved: false, job }
  await volumes.replace({ ...record, status, work: { ...work, requestId: 'r' } } as VolumeRecord)
  return id
}
const forced = (id: string, as: As = {}) => system.act(id, { 'os-force_delete': null }, as)

test.each(Object.keys(works) as (keyof typeof works)[])(
  'a volume that a job is to do %s on is deleted by force, and the job never begins',
  async (action) => {
    const before = await used()
    const job = await aJob('queued')
    const id = await workedOn(action, job)
    expect((await system.call('DELETE', `/volumes/${id}`)).status).toBe(400)

    expect((await forced(id)).status).toBe(202)

    expect((await system.call('GET', `/volumes/${id}`)).status).toBe(404)
    expect(isThere(id)).toBe(false)
    expect(await jobs().get(job)).toMatchObject({ status: 'cancelled' })
    expect(await used()).toEqual(before)
  },
)

test('a job at work is asked to end, and what it had goes when it has: at the next look, or by reconciliation', async () => {
  const before = await used()
  const ids = await Promise.all([aJob('running'), aJob('running')])
  const [looked, left] = await Promise.all([
    workedOn('create', ids[0]),
    workedOn('os-volume_upload_image', ids[1]),
  ])

  const answers = await Promise.all([forced(looked), forced(left)])

  expect(answers.map(({ status }) => status)).toEqual([202, 202])
  for (const job of ids)
    expect(await jobs().get(job)).toMatchObject({ status: 'running', cancelRequested: true })
  expect(await system.show('volume', looked)).toMatchObject({ status: 'deleting' })
  expect((await forced(looked)).status).toBe(400)
  expect([isThere(looked), isThere(left)]).toEqual([true, true])

  for (const job of ids) await jobs().change(job, { status: 'cancelled' }, ['running'])
  expect((await system.call('GET', `/volumes/${looked}`)).status).toBe(404)
  await reconciled()
  expect(await system.storage().volumes.get(left)).toBeUndefined()
  expect([isThere(looked), isThere(left)]).toEqual([false, false])
  expect(await used()).toEqual(before)
})

test('what the job still has, as it could not undo all of it, is not deleted; and is, asked again', async () => {
  const job = await aJob('running')
  const id = await workedOn('create', job)
  const connection = { connector: { host: 'host-1' }, attachmentId: `job:${job}`, instance: `job:${job}` }
  const { initializeConnection } = await import('../../lib/driver/initialize-connection.ts')
  const { terminateConnection } = await import('../../lib/driver/terminate-connection.ts')
  await initializeConnection(system.cluster.backend, { volume: { id }, ...connection } as never)
  const asked = forced(id)
  await vi.waitFor(async () => expect(await jobs().get(job)).toMatchObject({ cancelRequested: true }))
  await jobs().change(job, { status: 'failed' }, ['running'])
  await asked

  expect(await system.show('volume', id)).toMatchObject({ status: 'error_deleting' })
  await terminateConnection(system.cluster.backend, { volume: { id } } as never)
  await forced(id)
  expect((await system.call('GET', `/volumes/${id}`)).status).toBe(404)
})

test('a volume that was moved before its job could be cancelled is deleted where it is now', async () => {
  const before = await used()
  const job = await aJob('running')
  const id = await workedOn('os-retype', job)
  const { globalId } = (await system.storage().volumes.get(id)) as VolumeRecord
  const { volumes } = system.storage()
  // As if what the record knows were no more.
  await volumes.replace({ ...((await volumes.get(id)) as VolumeRecord), globalId: 'a.b.zzz' })
  await jobs().change(
    job,
    { status: 'succeeded', result: { host: 'cinderless@default#default', provider_location: globalId } },
    ['running'],
  )
  const found = (await volumes.get(id)) as VolumeRecord

  const { beginOn } = await import('../../lib/volumes/begin-on.ts')
  const { volumeKind } = await import('../../lib/volumes/carry-out.ts')
  await beginOn(volumeKind, system.storage(), found, {
    ...{ action: 'os-force_delete', input: {}, working: 'deleting' },
    check: () => undefined,
  })

  expect(await volumes.get(id)).toBeUndefined()
  expect(isThere(id)).toBe(false)
  expect(await used()).toEqual(before)
})

test('a job that was asked for while its volume was taken for deletion is cancelled by who asked', async () => {
  const { id } = await system.aVolume()
  const { volumes } = system.storage()
  const work = { id: randomUUID(), action: 'os-reimage', input: works.create.input, since: now() }
  const taken = (await volumes.replace({
    ...((await volumes.get(id)) as VolumeRecord),
    ...{ status: 'downloading', work: { ...work, from: 'available', reserved: false, requestId: 'r' } },
  })) as VolumeRecord
  const job = await aJob('queued')
  const { carryOut } = await import('../../lib/volumes/carry-out.ts')
  const storage = system.storage()
  const submit = async () => {
    await volumes.remove(taken)
    return (await jobs().get(job)) as JobRecord
  }

  await carryOut({ ...storage, jobs: { ...storage.jobs, submit } }, taken)

  expect(await jobs().get(job)).toMatchObject({ status: 'cancelled' })
})

test('cut off at any call, it is finished by the next look, with the job cancelled', async () => {
  await reconciled()
  const before = await used()
  const { begin } = await import('../../lib/volumes/begin.ts')
  const { findVolume } = await import('../../lib/volumes/find.ts')
  let isWhole = false
  for (let n = 0; !isWhole; n++) {
    const job = await aJob('queued')
    const id = await workedOn('create', job)
    isWhole = await cutAt(system.storage(), n, (storage) =>
      begin(storage, caller, id, {
        ...{ action: 'os-force_delete', input: {}, working: 'deleting' },
        check: () => undefined,
      }),
    )
    const later = { ...system.storage(), now: () => new Date(Date.now() + 60_000).toISOString() }
    const left = await findVolume(later, caller, id).catch(() => undefined)
    if (left !== undefined) {
      expect(left.status, `cut at ${n}`).toBe('downloading')
      await forced(id)
    }
    expect(await jobs().get(job), `cut at ${n}`).toMatchObject({ status: 'cancelled' })
    expect(isThere(id), `cut at ${n}`).toBe(false)
  }
  await reconciled()
  expect(await used()).toEqual(before)
})
