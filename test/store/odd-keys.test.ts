import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { AttachmentId } from '../../lib/driver/initialize-connection.ts'
import { JobDocument } from '../../lib/jobs/document.ts'
import { listJobs } from '../../lib/jobs/read.ts'
import { takeIn } from '../../lib/jobs/submit.ts'
import { jobRecords } from '../../lib/store/jobs.ts'
import { startTable } from '../support/table.ts'

const now = () => '2026-11-22T12:00:00.000Z'
let storage: Awaited<ReturnType<typeof startTable>>
beforeAll(async () => {
  storage = await startTable()
})
afterAll(() => storage[Symbol.asyncDispose]())

test.each(['constructor', 'toString', 'hasOwnProperty'])(
  'a job whose volume type has the key %s is kept',
  async (key) => {
    const jobs = jobRecords(storage.table, now)
    const document = JobDocument.parse({
      id: randomUUID(),
      kind: 'copy-image-to-volume',
      version: 1,
      project: 'p',
      backend: 'default',
      input: {
        volume: { id: 'v', volume_type: { extra_specs: { [key]: 'x' } } },
        image: { source: { kind: 'folder', name: 'disk.raw' }, format: 'raw' },
        host: 'host-1',
      },
    })

    await takeIn({ jobs, now }, document)

    expect((await jobs.get(document.id))?.input).toEqual(document.input)
  },
)

test.each(['__proto__', 'constructor', 'toString'])('an attachment is not called %s', (id) => {
  expect(AttachmentId.safeParse(id).success).toBe(false)
})

test('a list goes on after a job that is there, or not at all', async () => {
  const jobs = jobRecords(storage.table, now)
  const page = listJobs(
    jobs,
    { agentNamed: async () => undefined, turns: { ahead: async () => undefined } },
    { status: undefined, limit: 10, marker: randomUUID() },
    { deadline: Date.now() + 1000 },
  )

  await expect(page).rejects.toMatchObject({ name: 'InvalidInput' })
})
