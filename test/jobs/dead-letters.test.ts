import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type JobSystem, startJobSystem } from '../support/job-system.ts'

let system: JobSystem
beforeAll(async () => {
  system = await startJobSystem()
  system.gate.open.add('all')
})
afterAll(() => system[Symbol.asyncDispose]())

const soon = { timeout: 20_000, interval: 50 }
const deadLetters = async () => (await system.call('/dead-letters')).deadLetters
const depth = (queue: string) => system.queues.depth(queue)

const aDocument = (change: object = {}) => ({
  id: randomUUID(),
  kind: 'copy-image-to-volume',
  version: 1,
  project: 'p',
  backend: 'default',
  input: {
    volume: { id: 'v' },
    image: { source: { kind: 'folder', name: 'x.raw' }, format: 'raw' },
    host: 'host-1',
  },
  ...change,
})

test('what can never be taken is set aside at once with the reason, and nothing it holds is told', async () => {
  const good = aDocument()
  const taken = aDocument()
  const other = { ...taken, project: 'another' }
  const wrong = { ...aDocument(), version: 7 }
  await system.send(JSON.stringify(taken))
  await vi.waitFor(async () => expect((await system.job(taken.id)).status).toBe('succeeded'), soon)
  for (const text of [
    'hunter2 is no JSON',
    JSON.stringify(wrong),
    JSON.stringify(other),
    JSON.stringify(good),
  ])
    await system.send(text)

  await vi.waitFor(() => expect([depth('JobsQueue'), depth('JobsDeadLetters')]).toEqual([0, 3]), soon)
  await vi.waitFor(async () => expect((await system.job(good.id)).status).toBe('succeeded'), soon)

  const letters = await deadLetters()
  expect(letters.map(({ reason }: { reason: string }) => reason).sort()).toEqual([
    expect.stringMatching(/^Conflict: job \S+ is there already/),
    expect.stringMatching(/^InvalidInput: the message is not JSON$/),
    expect.stringMatching(/^InvalidInput: version: /),
  ])
  expect(letters).toContainEqual({
    messageId: expect.any(String),
    sentAt: expect.any(String),
    job: { id: wrong.id, kind: wrong.kind },
    reason: expect.any(String),
  })
  const log = await readFile(system.log, 'utf8')
  expect(log.match(/"message set aside".*"reason":"InvalidInput: the message is not JSON"/g)).toHaveLength(1)
  expect(log + JSON.stringify(letters)).not.toContain('hunter2')
})

test('what was put back is taken once, and what cannot be taken comes back and is left', async () => {
  const { redriven } = await system.call('/dead-letters/redrive', {})

  expect(redriven).toHaveLength(3)
  await vi.waitFor(() => expect([depth('JobsQueue'), depth('JobsDeadLetters')]).toEqual([0, 3]), soon)
  const before = redriven.at(-1).sentAt
  expect(await system.call('/dead-letters/redrive', { before })).toEqual({ redriven: [] })
  expect(await deadLetters()).toHaveLength(3)
})
