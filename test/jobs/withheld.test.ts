import { readFile } from 'node:fs/promises'
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type JobSystem, startJobSystem } from '../support/job-system.ts'

let system: JobSystem
beforeAll(async () => {
  system = await startJobSystem()
})
afterAll(() => system[Symbol.asyncDispose]())

const soon = { timeout: 20_000, interval: 50 }
const address = 'https://images.example/disk.raw'
const signed = (signature: string) => `${address}?X-Amz-Signature=${signature}`
const source = (url: string) => ({ kind: 'https', url })

/** Every item of the table, as text. */
const items = async () => {
  const client = new DynamoDBClient({ endpoint: system.endpoints.dynamodb })
  const [table] = system.service.tables.values()
  const { Items = [] } = await client.send(new ScanCommand({ TableName: table!.name }))
  client.destroy()
  return Items.map((item) => ({ pk: item.pk?.S ?? '', text: JSON.stringify(item) }))
}

test('a signature is where the step that needs it gets it, and nowhere else; at the end it is nowhere', async () => {
  const id = await system.submit(source(signed('s3cret')))
  await vi.waitFor(() => expect(system.gate.arrived).toContain(id), soon)

  const holding = (await items()).filter(({ text }) => text.includes('s3cret'))
  const answers = JSON.stringify([await system.job(id), await system.call('/jobs')])
  const kept = ['durable.db', 'durable.db-wal', 'log/functions.log']
  const files = await Promise.all(kept.map((file) => readFile(`${system.folder}/${file}`, 'latin1')))

  expect(system.gate.addresses.get(id)).toBe(signed('s3cret'))
  expect(holding.map(({ pk }) => pk)).toEqual([expect.stringMatching(/^WITHHELD#/)])
  expect((await system.job(id)).input.image.source.url).toBe(`${address}?withheld`)
  expect(answers + files.join()).not.toContain('s3cret')

  await system.letThrough(id)
  await vi.waitFor(async () => expect((await system.job(id)).status).toBe('succeeded'), soon)
  const stillHolding = async () => (await items()).filter(({ text }) => text.includes('s3cret'))
  await vi.waitFor(async () => expect(await stillHolding()).toEqual([]), soon)
})

test('asked for again with another signature it is the same job; with another address it is not', async () => {
  const more = { idempotencyKey: 'signed' }
  const id = await system.submit(source(signed('first')), more)

  expect(await system.submit(source(signed('second')), more)).toBe(id)
  const other = await system.call('/jobs', {
    ...more,
    kind: 'copy-image-to-volume',
    input: { volume: { id: 'v' }, image: { source: source(`${address}.other?a=b`), format: 'raw' } },
  })
  expect(other.error.name).toBe('Conflict')
  system.gate.open.add('all')
})
