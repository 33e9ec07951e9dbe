import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { initializeConnection } from '../../lib/driver/initialize-connection.ts'
import { volumesReassignWait } from '../../lib/storpool/attachments.ts'
import { volumeDelete } from '../../lib/storpool/volumes.ts'
import { newest } from '../support/block-storage.ts'
import { nameOf } from '../support/makers.ts'
import { type Reconciling, startReconciling, well } from '../support/reconciling.ts'

let system: Reconciling
beforeAll(async () => {
  system = await startReconciling()
})
afterAll(() => system?.[Symbol.asyncDispose]())
beforeEach(() => system.empty())

/** An attachment to host-1. */
const attached = async (volume: string) => {
  const asked = { attachment: { volume_uuid: volume, connector: { host: 'host-1' } } }
  const { attachment } = (await system.call('POST', '/attachments', asked, newest)).body
  return { id: String(attachment.id) }
}

/** One that the record and StorPool have, and that the book has as being made. */
const halfBooked = async (volume: string) => {
  const { id } = await attached(volume)
  const { globalId } = await system.record(volume)
  const book = system.cluster.backend.attachments
  const whole = await book.read(globalId ?? '')
  const entry = whole.attachments[id]
  if (entry?.state !== 'attached') throw new Error('it is in the book')
  await book.write({ ...whole, attachments: { [id]: { ...entry, state: 'attaching' } } })
  return { id, whole, page: () => book.read(globalId ?? '') }
}

test('an attachment whose call was cut off is taken back, and so is what was left of one', async () => {
  const { id } = await system.aVolume()
  const attachment = await attached(id)
  const [one] = Object.values((await system.record(id)).attachments)
  const work = { id: 'gone', action: 'connect', since: new Date().toISOString(), from: null }
  await system.change(id, { attachments: { [attachment.id]: { ...one, connection: null, work } } })

  expect((await system.later({ minutes: 1 })).counts).toEqual({ attachment: 1 })

  expect(await system.show('volume', id)).toMatchObject({ status: 'available', attachments: [] })
  expect(system.cluster.simulator.attachments).toEqual([])
  expect(await system.later()).toMatchObject(well)
})

test('the book is told of a connection whose call was cut off after the record had it', async () => {
  const volume = await system.aVolume()
  const { id, whole, page } = await halfBooked(volume.id)

  expect(await system.later({ minutes: 0 })).toMatchObject(well)
  const { findings } = await system.later({ minutes: 1 })

  const text = `of volume ${volume.id}: the book had it as being made`
  expect(findings).toEqual([{ kind: 'attachment', id, text, mended: true }])
  expect((await page()).attachments).toEqual(whole.attachments)
  expect(await system.later()).toMatchObject(well)
})

test('a connection that ends while the book is looked at stays ended', async () => {
  const { id, page } = await halfBooked((await system.aVolume()).id)
  const real = system.storage()
  let reads = 0
  const backend: typeof real.backend = async (host) => {
    const there = await real.backend(host)
    const read: typeof there.attachments.read = async (of) => {
      const seen = await there.attachments.read(of)
      reads += 1
      if (reads === 1) await system.call('DELETE', `/attachments/${id}`, undefined, newest)
      return seen
    }
    return { ...there, attachments: { ...there.attachments, read } }
  }

  const { findings } = await system.later({ mend: true, minutes: 1, backend })

  expect([reads > 0, findings]).toEqual([true, []])
  expect(system.cluster.simulator.attachments).toEqual([])
  expect((await page()).attachments).toEqual({})
})

test('a connection whose attachment somebody struck out is ended when asked', async () => {
  const { id } = await system.aVolume()
  const attachment = await attached(id)
  await system.act(id, { 'os-reset_status': { status: 'available', attach_status: 'detached' } })

  expect((await system.later()).findings).toMatchObject([
    { kind: 'connection', id: attachment.id, mended: false },
  ])
  expect(system.cluster.simulator.attachments).toHaveLength(1)
  expect((await system.later({ mend: true })).counts).toEqual({ connection: 1, pointer: 1 })
  expect(system.cluster.simulator.attachments).toEqual([])
  expect(await system.later()).toMatchObject(well)
})

test('what was detached, attached or deleted behind our back is told of', async () => {
  const [lost, held, gone] = await Promise.all([system.aVolume(), system.aVolume(), system.aVolume()])
  const attachment = await attached(lost.id)
  const { storpool } = system.cluster.backend
  await volumesReassignWait(storpool, { reassign: [{ volume: nameOf(lost.id), detach: 'all' }] })
  await volumesReassignWait(storpool, { reassign: [{ volume: nameOf(held.id), ro: [2] }] })
  await volumeDelete(storpool, nameOf(gone.id))

  const { findings } = await system.later({ mend: true })

  expect(findings.map(({ kind, id, mended }) => `${kind} ${id} ${mended}`).sort()).toEqual(
    [`unconnected ${attachment.id} false`, `holder ${held.id} false`, `no-object ${gone.id} false`].sort(),
  )
  await volumesReassignWait(storpool, { reassign: [{ volume: nameOf(held.id), detach: 'all' }] })
})

test('who attached by the driver’s own operation is in the book, and nobody to tell of', async () => {
  const { id } = await system.aVolume()
  await initializeConnection(system.cluster.backend, {
    volume: { id, provider_location: (await system.record(id)).globalId },
    connector: { host: 'host-2' },
    exclusive: false,
    attachmentId: 'mine',
  })

  expect(await system.later({ mend: true })).toMatchObject(well)
  expect(system.cluster.simulator.attachments).toHaveLength(1)
  await volumesReassignWait(system.cluster.backend.storpool, {
    reassign: [{ volume: nameOf(id), detach: 'all' }],
  })
})
