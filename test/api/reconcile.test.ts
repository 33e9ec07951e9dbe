import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createVolume } from '../../lib/driver/create-volume.ts'
import { initializeConnection } from '../../lib/driver/initialize-connection.ts'
import { volumesReassignWait } from '../../lib/storpool/attachments.ts'
import { volumeDelete } from '../../lib/storpool/volumes.ts'
import { volumeAmounts } from '../../lib/volumes/quotas.ts'
import { reconcile } from '../../lib/volumes/reconcile/reconcile.ts'
import { DEFAULT_TYPE } from '../../lib/volumes/types.ts'
import { type As, type BlockStorageSystem, project, startBlockStorage } from '../support/block-storage.ts'
import { aContext, anHttpEvent, nameOf } from '../support/makers.ts'

let system: BlockStorageSystem
beforeAll(async () => {
  system = await startBlockStorage()
})
afterAll(() => system?.[Symbol.asyncDispose]())

const newest: As = { version: 71 }

/** By a clock that is so many minutes ahead, which takes no time to wait. */
const later = async ({ mend = false, minutes = 11 } = {}) => {
  const now = () => new Date(Date.now() + minutes * 60_000).toISOString()
  const storage = { ...system.storage(), now }
  return reconcile(storage, { mend, isOver: () => false, pause: async () => true })
}

beforeEach(async () => {
  const { body } = await system.call('GET', '/volumes/detail', undefined, newest)
  for (const { id } of body.volumes)
    await system.act(id, { 'os-reset_status': { status: 'available', attach_status: 'detached' } })
  await later({ mend: true })
  for (const { id } of body.volumes) {
    await system.act(id, { 'os-terminate_connection': { connector: null } })
    await system.call('DELETE', `/volumes/${id}`)
  }
})

const well = { complete: true, unmended: 0, counts: {}, findings: [] }

const record = async (id: string) => {
  const volume = await system.storage().volumes.get(id)
  if (volume === undefined) throw new Error('the volume is there')
  return volume
}
const change = async (id: string, changes: object) =>
  system.storage().volumes.replace({ ...(await record(id)), ...changes })
const used = async () => (await system.storage().quotas.read(project)).used.gigabytes

test('where all is well there is nothing to tell', async () => {
  const { id } = await system.aVolume()
  const asked = { attachment: { volume_uuid: id, connector: { host: 'host-1' } } }
  await system.call('POST', '/attachments', asked, newest)
  await system.call('POST', '/snapshots', { snapshot: { volume_id: (await system.aVolume()).id } })

  expect(await later()).toEqual({ ...well, volumes: 2, snapshots: 1 })
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
  await change(id, { status: 'extending', work })

  expect(await later({ minutes: 0 })).toMatchObject(well)
  const { findings } = await later({ minutes: 1 })

  expect(findings).toEqual([
    { kind: 'work', id, text: 'os-extend did not end; it is available now', mended: true },
  ])
  expect(await system.show('volume', id)).toMatchObject({ status: 'available', size: 3 })
  expect(system.cluster.simulator.volumes.get(nameOf(id))?.size).toBe(3 * 2 ** 30)
  expect(await later()).toMatchObject(well)
})

test('quota that a dead call had reserved is given back', async () => {
  const before = await used()
  await system.storage().quotas.reserve(project, randomUUID(), volumeAmounts(5, DEFAULT_TYPE.id))
  expect(await later({ minutes: 5 })).toMatchObject(well)

  const { counts, unmended } = await later()

  expect([counts, unmended]).toEqual([{ reservation: 1 }, 0])
  expect(await used()).toBe(before)
})

test('what a dead call made on the cluster is told of, and removed when asked', async () => {
  const before = await used()
  const id = randomUUID()
  await system.storage().quotas.reserve(project, id, volumeAmounts(1, DEFAULT_TYPE.id))
  await createVolume(system.cluster.backend, { volume: { id, size: 1, project_id: project } })

  const told = await later()
  expect(told.counts).toEqual({ reservation: 1, 'no-record': 1 })
  expect(told.unmended).toBe(2)
  expect(system.cluster.simulator.volumes.has(nameOf(id))).toBe(true)

  await later({ mend: true })
  expect(system.cluster.simulator.volumes.has(nameOf(id))).toBe(false)
  expect(await used()).toBe(before)
  expect(await later()).toMatchObject(well)
})

test('what another project, or an operation of the driver, made is never removed', async () => {
  const [foreign, driven] = [randomUUID(), randomUUID()]
  await system.storage().quotas.reserve(project, foreign, volumeAmounts(1, DEFAULT_TYPE.id))
  await createVolume(system.cluster.backend, { volume: { id: foreign, size: 1, project_id: 'other' } })
  await createVolume(system.cluster.backend, { volume: { id: driven, size: 1 } })

  const { findings } = await later({ mend: true })

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

  const { counts, unmended } = await later()

  expect([counts, unmended]).toEqual([{ quota: 1 }, 0])
  expect(await used()).toBe(right)
  expect(await later()).toMatchObject(well)
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
  await later()
  expect(await used()).toBe(right + 7 + 2)
})

test('an attachment whose call was cut off is taken back, and so is what was left of one', async () => {
  const { id } = await system.aVolume()
  const asked = { attachment: { volume_uuid: id, connector: { host: 'host-1' } } }
  const { attachment } = (await system.call('POST', '/attachments', asked, newest)).body
  const [one] = Object.values((await record(id)).attachments)
  const work = { id: 'gone', action: 'connect', since: new Date().toISOString(), from: null }
  await change(id, { attachments: { [attachment.id]: { ...one, connection: null, work } } })

  expect((await later({ minutes: 1 })).counts).toEqual({ attachment: 1 })

  expect(await system.show('volume', id)).toMatchObject({ status: 'available', attachments: [] })
  expect(system.cluster.simulator.attachments).toEqual([])
  expect(await later()).toMatchObject(well)
})

test('the book is told of a connection whose call was cut off after the record had it', async () => {
  const { id } = await system.aVolume()
  const asked = { attachment: { volume_uuid: id, connector: { host: 'host-1' } } }
  const { attachment } = (await system.call('POST', '/attachments', asked, newest)).body
  const { globalId } = await record(id)
  const book = system.cluster.backend.attachments
  const page = await book.read(globalId ?? '')
  const entry = page.attachments[attachment.id]
  expect(entry).toMatchObject({ state: 'attached' })
  if (entry === undefined) return
  await book.write({ ...page, attachments: { [entry.id]: { ...entry, state: 'attaching' } } })

  expect(await later({ minutes: 0 })).toMatchObject(well)
  const { findings } = await later({ minutes: 1 })

  expect(findings).toEqual([
    {
      kind: 'attachment',
      id: entry.id,
      text: `of volume ${id}: the book had it as being made`,
      mended: true,
    },
  ])
  expect((await book.read(globalId ?? '')).attachments).toEqual(page.attachments)
  expect(await later()).toMatchObject(well)
})

test('a connection that ends while the book is looked at stays ended', async () => {
  const { id } = await system.aVolume()
  const asked = { attachment: { volume_uuid: id, connector: { host: 'host-1' } } }
  const { attachment } = (await system.call('POST', '/attachments', asked, newest)).body
  const { globalId } = await record(id)
  const book = system.cluster.backend.attachments
  const page = await book.read(globalId ?? '')
  const entry = page.attachments[attachment.id]
  if (entry === undefined) throw new Error('it is in the book')
  await book.write({ ...page, attachments: { [entry.id]: { ...entry, state: 'attaching' } } })
  const real = system.storage()
  let reads = 0
  const backend: typeof real.backend = async (host) => {
    const there = await real.backend(host)
    const read: typeof book.read = async (of) => {
      const seen = await there.attachments.read(of)
      reads += 1
      if (reads === 1) await system.call('DELETE', `/attachments/${attachment.id}`, undefined, newest)
      return seen
    }
    return { ...there, attachments: { ...there.attachments, read } }
  }
  const now = () => new Date(Date.now() + 60_000).toISOString()

  const { findings } = await reconcile(
    { ...real, backend, now },
    { mend: true, isOver: () => false, pause: async () => true },
  )

  expect([reads > 0, findings]).toEqual([true, []])
  expect(system.cluster.simulator.attachments).toEqual([])
  expect((await book.read(globalId ?? '')).attachments).toEqual({})
})

test('a connection whose attachment somebody struck out is ended when asked', async () => {
  const { id } = await system.aVolume()
  const asked = { attachment: { volume_uuid: id, connector: { host: 'host-1' } } }
  const { attachment } = (await system.call('POST', '/attachments', asked, newest)).body
  await system.act(id, { 'os-reset_status': { status: 'available', attach_status: 'detached' } })

  expect((await later()).findings).toMatchObject([{ kind: 'connection', id: attachment.id, mended: false }])
  expect(system.cluster.simulator.attachments).toHaveLength(1)
  expect((await later({ mend: true })).counts).toEqual({ connection: 1, pointer: 1 })
  expect(system.cluster.simulator.attachments).toEqual([])
  expect(await later()).toMatchObject(well)
})

test('what was detached, attached or deleted behind our back is told of', async () => {
  const [lost, held, gone] = await Promise.all([system.aVolume(), system.aVolume(), system.aVolume()])
  const asked = { attachment: { volume_uuid: lost.id, connector: { host: 'host-1' } } }
  const { attachment } = (await system.call('POST', '/attachments', asked, newest)).body
  const { storpool } = system.cluster.backend
  await volumesReassignWait(storpool, { reassign: [{ volume: nameOf(lost.id), detach: 'all' }] })
  await volumesReassignWait(storpool, { reassign: [{ volume: nameOf(held.id), ro: [2] }] })
  await volumeDelete(storpool, nameOf(gone.id))

  const { findings } = await later({ mend: true })

  expect(findings.map(({ kind, id, mended }) => `${kind} ${id} ${mended}`).sort()).toEqual(
    [`unconnected ${attachment.id} false`, `holder ${held.id} false`, `no-object ${gone.id} false`].sort(),
  )
  await volumesReassignWait(storpool, { reassign: [{ volume: nameOf(held.id), detach: 'all' }] })
})

test('who attached by the driver’s own operation is in the book, and nobody to tell of', async () => {
  const { id } = await system.aVolume()
  await initializeConnection(system.cluster.backend, {
    volume: { id, provider_location: (await record(id)).globalId },
    connector: { host: 'host-2' },
    exclusive: false,
    attachmentId: 'mine',
  })

  expect(await later({ mend: true })).toMatchObject(well)
  expect(system.cluster.simulator.attachments).toHaveLength(1)
  await volumesReassignWait(system.cluster.backend.storpool, {
    reassign: [{ volume: nameOf(id), detach: 'all' }],
  })
})

test('a snapshot that a volume’s record names and that is no more does not keep it', async () => {
  const { id } = await system.aVolume()
  await change(id, { snapshots: [randomUUID()] })

  expect((await later()).counts).toEqual({ link: 1 })

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
  await change(id, { status: 'deleting', work })
  await system.storage().quotas.release(project, { gigabytes: 9 })

  await Promise.all([later(), later(), later()])

  expect(await later()).toMatchObject({ ...well, volumes: 0 })
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
