import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createVolume } from '../../lib/driver/create-volume.ts'
import { putItem, readItem, removeItem } from '../../lib/store/table.ts'
import { volumeDelete } from '../../lib/storpool/volumes.ts'
import { volumeAmounts } from '../../lib/volumes/quotas.ts'
import { reconcile } from '../../lib/volumes/reconcile/reconcile.ts'
import { DEFAULT_TYPE } from '../../lib/volumes/types.ts'
import { newest, project } from '../support/block-storage.ts'
import { aContext, anHttpEvent, nameOf } from '../support/makers.ts'
import { type Reconciling, startReconciling, well } from '../support/reconciling.ts'

let system: Reconciling
beforeAll(async () => {
  system = await startReconciling()
})
afterAll(() => system?.[Symbol.asyncDispose]())
beforeEach(() => system.empty())

const used = async () => (await system.storage().quotas.read(project)).used.gigabytes

test('where all is well there is nothing to tell', async () => {
  const { id } = await system.aVolume()
  const asked = { attachment: { volume_uuid: id, connector: { host: 'host-1' } } }
  await system.call('POST', '/attachments', asked, newest)
  await system.call('POST', '/snapshots', { snapshot: { volume_id: (await system.aVolume()).id } })

  expect(await system.later()).toEqual({ ...well, volumes: 2, snapshots: 1 })
  for (const { id: one } of (await system.call('GET', '/snapshots')).body.snapshots)
    await system.call('DELETE', `/snapshots/${one}`)
})

test('what was being extended when its call was cut off is extended', async () => {
  const { id } = await system.aVolume()
  const since = new Date().toISOString()
  const work = {
    id: randomUUID(),
    action: 'os-extend',
    input: { new_size: 3 },
    since,
    from: 'available',
    reserved: true,
    requestId: 'r',
  }
  await system
    .storage()
    .quotas.reserve(project, work.id, { gigabytes: 2, [`gigabytes:${DEFAULT_TYPE.id}`]: 2 })
  await system.change(id, { status: 'extending', work })

  expect(await system.later({ minutes: 0 })).toMatchObject(well)
  const { findings } = await system.later({ minutes: 1 })

  expect(findings).toEqual([
    { kind: 'work', id, text: 'os-extend did not end; it is available now', mended: true },
  ])
  expect(await system.show('volume', id)).toMatchObject({ status: 'available', size: 3 })
  expect(system.cluster.simulator.volumes.get(nameOf(id))?.size).toBe(3 * 2 ** 30)
  expect(await system.later()).toMatchObject(well)
})

test('quota that a dead call had reserved is given back', async () => {
  const before = await used()
  await system.storage().quotas.reserve(project, randomUUID(), volumeAmounts(5, DEFAULT_TYPE.id))
  expect(await system.later({ minutes: 5 })).toMatchObject(well)

  const { counts, unmended } = await system.later()

  expect([counts, unmended]).toEqual([{ reservation: 1 }, 0])
  expect(await used()).toBe(before)
})

test('the quota of a project whose first call was cut off before it was listed is looked after, too', async () => {
  const { table } = system.cluster
  const place = { pk: `PROJECT#${project}` }
  await system.aVolume()
  const before = await used()
  const listed = await readItem(table, place)
  await removeItem(table, place)
  expect(await system.later()).toMatchObject(well)
  await system.storage().quotas.reserve(project, randomUUID(), volumeAmounts(5, DEFAULT_TYPE.id))

  expect((await system.later()).counts).toEqual({ reservation: 1 })

  expect(await used()).toBe(before)
  await putItem(table, { ...listed, ...place })
})

test('what a dead call made on the cluster is told of, and removed when asked', async () => {
  const before = await used()
  const id = randomUUID()
  await system.storage().quotas.reserve(project, id, volumeAmounts(1, DEFAULT_TYPE.id))
  await createVolume(system.cluster.backend, { volume: { id, size: 1, project_id: project } })

  const told = await system.later()
  expect(told.counts).toEqual({ reservation: 1, 'no-record': 1 })
  expect(told.unmended).toBe(2)
  expect(system.cluster.simulator.volumes.has(nameOf(id))).toBe(true)

  await system.later({ mend: true })
  expect(system.cluster.simulator.volumes.has(nameOf(id))).toBe(false)
  expect(await used()).toBe(before)
  expect(await system.later()).toMatchObject(well)
})

test('what another project, or an operation of the driver, made is never removed', async () => {
  const [foreign, driven] = [randomUUID(), randomUUID()]
  await system.storage().quotas.reserve(project, foreign, volumeAmounts(1, DEFAULT_TYPE.id))
  await createVolume(system.cluster.backend, { volume: { id: foreign, size: 1, project_id: 'other' } })
  await createVolume(system.cluster.backend, { volume: { id: driven, size: 1 } })

  const { findings } = await system.later({ mend: true })

  expect(
    findings
      .filter(({ mended }) => !mended)
      .map(({ kind, id }) => `${kind} ${id}`)
      .sort(),
  ).toEqual([`no-record ${driven}`, `no-record ${foreign}`, `reservation ${foreign}`].sort())
  for (const id of [foreign, driven]) {
    expect(system.cluster.simulator.volumes.has(nameOf(id))).toBe(true)
    await volumeDelete(system.cluster.backend.storpool, nameOf(id))
  }
})

test('a quota that is not what the records add up to is counted anew', async () => {
  await system.aVolume({ size: 4 })
  const right = await used()
  await system.storage().quotas.release(project, { gigabytes: 7, volumes: 1 })

  const { counts, unmended } = await system.later()

  expect([counts, unmended]).toEqual([{ quota: 1 }, 0])
  expect(await used()).toBe(right)
  expect(await system.later()).toMatchObject(well)
})

test('a quota that is counted meanwhile is left to the next time', async () => {
  await system.storage().quotas.release(project, { gigabytes: 7 })
  const right = (await used()) ?? 0
  const pause = async () => {
    await system.aVolume()
    return true
  }

  const report = await reconcile(system.storage(), { mend: true, isOver: () => false, pause })

  expect(report).toMatchObject({ counts: { quota: 1 }, unmended: 1 })
  expect(await used()).toBe(right + 2)
  await system.later()
  expect(await used()).toBe(right + 7 + 2)
})

test('a snapshot that a volume’s record names and that is no more does not keep it', async () => {
  const { id } = await system.aVolume()
  await system.change(id, { snapshots: [randomUUID()] })

  expect((await system.later()).counts).toEqual({ link: 1 })

  expect((await system.call('DELETE', `/volumes/${id}`)).status).toBe(202)
})

test('several at once put the same right', async () => {
  const { id } = await system.aVolume()
  const since = new Date().toISOString()
  const work = {
    id: randomUUID(),
    action: 'delete',
    input: { cascade: false },
    since,
    from: 'available',
    reserved: false,
    requestId: 'r',
  }
  await system.change(id, { status: 'deleting', work })
  await system.storage().quotas.release(project, { gigabytes: 9 })

  await Promise.all([system.later(), system.later(), system.later()])

  expect(await system.later()).toMatchObject({ ...well, volumes: 0 })
  expect(await used()).toBe(0)
})

test('it is asked for over HTTP and by a clock, and stops when the time is up', async () => {
  const { handler } = await import('../../functions/scheduled/reconcile.ts')
  const asked = anHttpEvent('POST', '/reconcile', { body: '{"mend": true}' })

  const answer: any = await handler(asked, aContext('reconcile'))
  expect([answer.statusCode, JSON.parse(answer.body).complete]).toEqual([200, true])
  expect(await handler({ source: 'a clock' }, aContext('reconcile', 900_000))).toMatchObject({
    complete: true,
  })
  await system.aVolume()
  expect(await handler({}, aContext('reconcile', 5_000))).toMatchObject({ complete: false })
  const wrong: any = await handler(
    anHttpEvent('POST', '/reconcile', { body: '{"mend": 7}' }),
    aContext('reconcile'),
  )
  expect(wrong.statusCode).toBe(400)
})
