import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { quotas } from '../../lib/store/quotas.ts'
import type { Quotas } from '../../lib/volumes/quotas.ts'
import { emptyTable, itemsIn, startTable } from '../support/table.ts'

let storage: Awaited<ReturnType<typeof startTable>>
beforeAll(async () => {
  storage = await startTable()
})
afterAll(() => storage[Symbol.asyncDispose]())
beforeEach(() => emptyTable(storage.table))

const counted = () => quotas(storage.table, { volumes: 10 }, () => '2026-11-22T12:00:00.000Z')

test.each<[string, (to: Quotas) => Promise<unknown>]>([
  ['reserved', (to) => to.reserve('p', 'r', { volumes: 1 })],
  ['released', (to) => to.release('p', { volumes: 1 })],
  ['limited', (to) => to.limit('p', { volumes: 5 })],
  ['counted anew', async (to) => to.recount('p', await to.read('p'), { volumes: 3 })],
])('a project of which something was %s first is among those that have a quota', async (_, first) => {
  const to = counted()

  await first(to)
  await to.reserve('p', 'another', { volumes: 1 })

  expect(await to.projects()).toEqual(['p'])
})

test('limits alone list nobody: who sets them has no right to', async () => {
  const to = counted()

  await to.limit('p', { volumes: 5 })

  expect(await to.projects()).toEqual([])
})

test('what is not counted as it was asked for leaves no trace', async () => {
  const to = counted()

  expect(await to.reserve('p', 'r', { volumes: 11 })).toEqual({ resource: 'volumes', limit: 10, used: 0 })

  expect(await to.projects()).toEqual([])
  expect(await itemsIn(storage.table)).toEqual([])
})
