import { afterAll, beforeAll, expect, test } from 'vitest'
import { startJobs } from '../support/jobs.ts'
import { aContext, anHttpEvent } from '../support/makers.ts'
import type { System } from './cluster-jobs.ts'

type Handler = (event: unknown, context: ReturnType<typeof aContext>) => Promise<{ body: string }>
let system: System
let handler: Handler
beforeAll(async () => {
  system = await startJobs()
  ;({ handler } = (await import('../../functions/jobs/list-backups.ts')) as unknown as { handler: Handler })
})
afterAll(() => system[Symbol.asyncDispose]())

const ask = async (query: Record<string, string>, remainingMs?: number) => {
  const event = anHttpEvent('GET', '/backups', { query })
  const { body, ...result } = await handler(event, aContext('list-backups', remainingMs))
  return { ...result, body: JSON.parse(body) }
}

const nightly = { repository: 'nightly', host: 'host-1' }

test('a repository that was not made yet holds nothing, and is not made by looking', async () => {
  expect(await ask(nightly)).toMatchObject({
    statusCode: 200,
    body: { repository: 'nightly', total: 0, backups: [] },
  })
})

test('where the time is short, the same listing can be waited for again', async () => {
  const { statusCode, body } = (await ask(nightly, 2_000)) as any

  expect(statusCode).toBe(504)
  expect(body.error).toMatchObject({ name: 'OutcomeUnknown', details: { task: expect.any(String) } })
  expect(await ask({ ...nightly, ...body.error.details })).toMatchObject({ statusCode: 200 })
})

test.each([
  [{ host: 'host-1' }, 400, 'repository'],
  [{ repository: 'nightly' }, 400, 'no host was named'],
  [{ repository: 'nightly', host: 'host-2' }, 409, 'no agent'],
  [{ repository: 'nightly', host: 'host-9' }, 400, 'host-9'],
  [{ repository: 'attic', host: 'host-1' }, 400, 'attic'],
  [{ ...nightly, volume: 'a,b' }, 400, 'volume'],
])('%j is refused', async (query, statusCode, word) => {
  expect(await ask(query)).toMatchObject({
    statusCode,
    body: { error: { message: expect.stringContaining(word) } },
  })
})
