import { afterAll, beforeAll, expect, test } from 'vitest'
import { atVersion, ifHolds, isNew, isWritten } from '../../lib/store/condition.ts'
import { putItem, queryIndex, readItem, removeItem, updateItem } from '../../lib/store/table.ts'
import { startTable } from '../support/table.ts'

let storage: Awaited<ReturnType<typeof startTable>>
beforeAll(async () => {
  storage = await startTable()
})
afterAll(() => storage[Symbol.asyncDispose]())

test('an item comes back as it was put, without what is undefined', async () => {
  const { table } = storage
  const kept = {
    pk: 'a',
    half: 0.5,
    less: -3,
    most: Number.MAX_SAFE_INTEGER,
    none: null,
    text: '',
    yes: true,
  }
  const deep = { list: [1, 'two', { three: 3 }], nobody: [], nothing: {} }

  await putItem(table, {
    ...kept,
    deep: { ...deep, gone: undefined },
    few: [1, undefined, 2],
    gone: undefined,
  })

  expect(await readItem(table, { pk: 'a' })).toEqual({ ...kept, deep, few: [1, 2] })
  expect(Object.keys((await readItem(table, { pk: 'a' })) ?? {})).not.toContain('gone')
})

test('requests of one kind, one after another and at once, are each answered with their own', async () => {
  const { table } = storage
  const keys = Array.from({ length: 20 }, (_, n) => ({ pk: `own ${n}` }))
  await Promise.all(keys.map((key, n) => putItem(table, { ...key, n })))

  const atOnce = await Promise.all(keys.map((key) => readItem(table, key)))
  const after = [await readItem(table, { pk: 'own 7' }), await readItem(table, { pk: 'own 8' })]

  expect(atOnce.map((item) => item?.n)).toEqual(keys.map((_, n) => n))
  expect(after.map((item) => item?.n)).toEqual([7, 8])
})

test('a write whose condition does not hold changes nothing', async () => {
  const { table } = storage
  const key = { pk: 'once' }

  expect(await isWritten(putItem(table, { ...key, version: 1 }, isNew))).toBe(true)
  expect(await isWritten(putItem(table, { ...key, version: 2 }, isNew))).toBe(false)
  expect(await isWritten(putItem(table, { ...key, version: 3 }, atVersion(2)))).toBe(false)
  expect(await isWritten(removeItem(table, key, atVersion(2)))).toBe(false)
  expect(await ifHolds(updateItem(table, key, { ...isNew, update: 'REMOVE version' }))).toBe(undefined)
  expect(await readItem(table, key)).toEqual({ ...key, version: 1 })

  expect(await isWritten(removeItem(table, key, atVersion(1)))).toBe(true)
  expect(await readItem(table, key)).toBe(undefined)
})

test('a change answers with what it was asked for: nothing, what was, or what is', async () => {
  const { table } = storage
  const change = {
    update: 'SET #count = :count',
    names: { '#count': 'count' },
    values: { ':count': 1, ':unused': undefined },
  }

  expect(await updateItem(table, { pk: 'changed' }, { ...change, returns: 'UPDATED_OLD' })).toEqual({})
  expect(await updateItem(table, { pk: 'changed' }, change)).toEqual({})
  expect(await updateItem(table, { pk: 'changed' }, { ...change, returns: 'UPDATED_OLD' })).toEqual({
    count: 1,
  })

  const bare = { update: 'REMOVE #count', names: { '#count': 'count' }, values: {} }
  expect(await updateItem(table, { pk: 'changed' }, { ...bare, returns: 'ALL_NEW' })).toEqual({
    pk: 'changed',
  })
})

test('an index is read on from where a page ended', async () => {
  const { table } = storage
  for (const gsi1sk of ['1', '2', '3']) await putItem(table, { pk: `page ${gsi1sk}`, gsi1pk: 'page', gsi1sk })
  const query = { index: 'gsi1', keys: 'gsi1pk = :pk', values: { ':pk': 'page' }, limit: 2 } as const

  const first = await queryIndex(table, { ...query, oldestFirst: false })
  const second = await queryIndex(table, { ...query, oldestFirst: false, start: first.next })

  expect([...first.items, ...second.items].map(({ pk }) => pk)).toEqual(['page 3', 'page 2', 'page 1'])
  expect(second.next).toBe(undefined)
})
