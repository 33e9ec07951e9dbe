import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JobRecord } from '../../lib/jobs/record.ts'
import { jobRecords } from '../../lib/store/jobs.ts'
import { startTable } from '../support/table.ts'

let storage: Awaited<ReturnType<typeof startTable>>
beforeAll(async () => {
  storage = await startTable()
})
afterAll(() => storage[Symbol.asyncDispose]())

const records = () => jobRecords(storage.table, () => '2026-11-22T12:00:00.000Z')

const aRecord = (n: number): JobRecord => {
  const at = `2026-11-22T11:00:${String(n).padStart(2, '0')}.000Z`
  return {
    id: randomUUID(),
    kind: 'copy-image-to-volume',
    project: 'p',
    backend: 'default',
    hash: 'h',
    input: {},
    status: 'queued',
    attempts: 0,
    steps: [],
    answers: {},
    doneBytes: 0,
    totalBytes: 0,
    bytesPerSecond: 0,
    cancelRequested: false,
    createdAt: at,
    queuedAt: at,
    updatedAt: at,
  }
}

test('a record is made once: the second of an id is the first', async () => {
  const record = aRecord(1)

  await records().create(record)

  expect(await records().create({ ...record, hash: 'other' })).toEqual(record)
})

test('a change is made only while the job has one of the expected statuses', async () => {
  const { id } = await records().create(aRecord(2))

  expect(await records().change(id, { status: 'succeeded' }, ['running'])).toBeUndefined()
  expect(await records().change(id, { status: 'running' }, ['queued'])).toMatchObject({ status: 'running' })
  expect(await records().change('none', { status: 'running' }, ['queued'])).toBeUndefined()
})

test('a step that begins again counts its attempts; the next step counts anew; an ended job begins nothing', async () => {
  const { id } = await records().create(aRecord(3))
  const begin = async (step: string) => (await records().begin(id, step, 'now'))?.attempts

  expect([await begin('attach'), await begin('attach'), await begin('copy')]).toEqual([1, 2, 1])
  await records().change(id, { status: 'failed' }, ['running'])
  expect(await begin('copy')).toBeUndefined()
})

test('all jobs are listed newest first, page by page, whatever their status; or those of one status', async () => {
  const made: string[] = []
  for (let n = 10; n < 40; n++) made.unshift((await records().create(aRecord(n))).id)
  const running = made.filter((_, n) => n % 3 === 0)
  for (const id of running) await records().change(id, { status: 'running' }, ['queued'])

  const paged: string[] = []
  for (let marker: string | undefined; paged.length < made.length; marker = paged.at(-1)) {
    paged.push(...(await records().list({ limit: 7, marker })).map(({ id }) => id))
  }
  expect(paged.slice(0, made.length)).toEqual(made)
  const ofStatus = await records().list({ status: 'running', limit: 100 })
  expect(ofStatus.map(({ id }) => id).filter((id) => made.includes(id))).toEqual(running)
})
