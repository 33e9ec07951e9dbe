import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { canonical } from '../../lib/jobs/document.ts'
import { jobRecords } from '../../lib/store/jobs.ts'
import { openTable } from '../../lib/store/table.ts'
import { ticketsIn } from '../../lib/store/tickets.ts'
import { type JobSystem, startJobSystem } from '../support/job-system.ts'

let system: JobSystem
beforeAll(async () => {
  system = await startJobSystem({ tasks: 1 })
})
afterAll(() => system[Symbol.asyncDispose]())
beforeEach(() => system.gate.open.clear())

const soon = { timeout: 20_000, interval: 50 }
const table = () => openTable([...system.service.tables.values()][0]!.name)
const records = () => jobRecords(table(), () => new Date().toISOString())

const isThere = async (id: string) =>
  (await system.call('/driver/get_pool', { volume: { id } })).error === undefined

/** A job that stands at the gate, its volume made. */
const atGate = async () => {
  const id = await system.submit()
  await vi.waitFor(() => expect(system.gate.arrived).toContain(id), soon)
  return id
}

/** Its execution ends, and its workflow does not hear of it. */
const lose = async (id: string) => {
  const { execution = '' } = (await records().get(id)) ?? {}
  system.durable.stop(execution, undefined)
}

const endOf = (id: string) =>
  vi.waitFor(async () => {
    const job = await system.job(id)
    expect(job.finishedAt).toBeDefined()
    return job
  }, soon)

test('what a job did is undone, and its record says why it ended; who waits for its turn gets it', async () => {
  const id = await atGate()
  const next = await system.submit()
  await vi.waitFor(async () => expect((await system.job(next)).waiting).toBeDefined(), soon)
  expect(await system.sweep()).toMatchObject({ lost: 0 })
  await lose(id)

  expect(await isThere(id)).toBe(true)
  expect(await system.sweep()).toMatchObject({ lost: 1 })

  expect(await endOf(id)).toMatchObject({
    status: 'failed',
    step: 'gate',
    error: {
      name: 'VolumeBackendError',
      message: expect.stringContaining('ended outside of its workflow (STOPPED)'),
      remedy: expect.stringContaining('ask for the job again'),
      step: 'gate',
    },
  })
  expect(await isThere(id)).toBe(false)
  await vi.waitFor(() => expect(system.gate.arrived).toContain(next), soon)
  await system.letThrough(next)
  expect(await endOf(next)).toMatchObject({ status: 'succeeded' })
  expect(await isThere(next)).toBe(true)
})

test('one that was cancelled ends as cancelled', async () => {
  const id = await atGate()
  await lose(id)
  await system.call(`/jobs/${id}/cancel`, {})

  await system.sweep()

  expect(await endOf(id)).toMatchObject({ status: 'cancelled', error: { name: 'Cancelled' } })
  expect(await isThere(id)).toBe(false)
})

test('one that was lost while it undid what it had done is undone to the end', async () => {
  const id = await atGate()
  const { execution = '' } = (await records().get(id)) ?? {}
  await lose(id)
  await records().begin(id, 'undo: remove', new Date().toISOString(), { execution })

  await system.sweep()

  expect(await endOf(id)).toMatchObject({ status: 'failed', error: { name: 'VolumeBackendError' } })
  expect(await isThere(id)).toBe(false)
})

test('an undoing that is lost too is begun again, and given up in the end, which is said', async () => {
  const id = await atGate()
  await lose(id)
  const fn = system.service.functions.get('job-copy-image-to-volume')!
  for (const n of [1, 2, 3]) {
    // Something else under its name: it ends before it begins.
    const { arn } = system.durable.start({ fn, qualifier: 'durable', input: '0', name: `${id}-undo-${n}` })
    system.durable.stop(arn, undefined)
    expect(await system.sweep()).toMatchObject({ lost: 1 })
  }

  expect(await system.sweep()).toMatchObject({ lost: 1 })

  expect(await endOf(id)).toMatchObject({
    status: 'failed',
    error: { details: { left: [{ message: expect.stringContaining('may not have been undone') }] } },
  })
})

test('a place in line of a job that has ended is taken away', async () => {
  const gone = '00000000-0000-4000-8000-000000000000'
  await ticketsIn(table()).join('host-1', gone)
  const id = await system.submit()
  await vi.waitFor(async () => expect((await system.job(id)).waiting).toBeDefined(), soon)

  expect(await system.sweep()).toMatchObject({ cleared: expect.any(Number) })

  await vi.waitFor(() => expect(system.gate.arrived).toContain(id), soon)
  expect(await ticketsIn(table()).line('host-1')).toEqual([id])
  await system.letThrough(id)
  await endOf(id)
})

test('a job that is sent again and whose execution never began ends', async () => {
  const { service, durable } = system
  const id = '11111111-1111-4111-8111-111111111111'
  const document = { id, kind: 'copy-image-to-volume', version: 1, project: 'p', backend: 'default' }
  const input = {
    volume: { id: 'v' },
    image: { source: { kind: 'folder', name: 'x' }, format: 'raw' },
    host: 'h',
  }
  const fn = service.functions.get('job-copy-image-to-volume')!
  const text = canonical({ ...document, input })
  const { arn } = durable.start({ fn, qualifier: 'durable', input: text, name: id })
  durable.stop(arn, undefined)
  await system.send(text)
  await vi.waitFor(async () => expect((await system.job(id)).status).toBe('queued'), soon)
  await records().change(id, { queuedAt: '2026-01-01T00:00:00.000Z' }, ['queued'])

  await system.sweep()
  await vi.waitFor(async () => expect((await records().get(id))?.execution).toBe(arn), soon)
  await system.sweep()

  expect(await system.job(id)).toMatchObject({ status: 'failed', error: { name: 'VolumeBackendError' } })
})
