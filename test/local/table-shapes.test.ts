import { expect, test } from 'vitest'
import { dynaliteInside, type Item, type Part } from '../../local/table-inside.ts'
import { rememberTables } from '../../local/table-shapes.ts'

/** Tables whose readings answer, when they are told to, with what was there when they began. */
const slowTables = (first: Item) => {
  let table = first
  let answer = () => {}
  const tableDb: Part = {
    get: (_, done) => {
      const seen = table
      answer = () => done(undefined, seen)
    },
    put: (_, value, done) => {
      table = value
      done()
    },
    del: (_, done) => done(),
  }
  return { tableDb, answer: () => answer() }
}

test('what a table is like is remembered, but not from before it changed', async () => {
  const slow = slowTables({ TableStatus: 'ACTIVE', TableName: 'old' })
  dynaliteInside().create = () => ({
    db: { batch: (_, done) => done() },
    tableDb: slow.tableDb,
    getItemDb: () => slow.tableDb,
  })
  rememberTables()
  const { tableDb } = dynaliteInside().create({})
  const seen: (Item | undefined)[] = []
  const look = () => tableDb.get('table', (_, table) => seen.push(table))

  look()
  tableDb.put('table', { TableStatus: 'ACTIVE', TableName: 'new' }, () => {})
  slow.answer()
  look()
  slow.answer()
  look()

  expect(seen.map((table) => table?.TableName)).toEqual(['old', 'new', 'new'])
})
