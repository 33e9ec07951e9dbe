import type * as z from 'zod'
import type { Row, Store } from './store.ts'

/** A keyed set of records in memory, written through to the store at the end of each change. */
export interface Table<T> {
  readonly size: number
  get(key: string): T | undefined
  has(key: string): boolean
  values(): MapIterator<T>
  put(key: string, value: T): void
  drop(key: string): void
  /** Forget everything in memory; the store is cleared elsewhere. */
  clear(): void
}

/**
 * Changes of several tables that happen as a whole or not at all: what throws half-way, or cannot be written,
 * is undone in memory. A change is one synchronous function, so nobody sees half of it.
 */
export const openLedger = (store: Store) => {
  let undo: (() => void)[] | undefined
  let rows = new Map<string, Row>()
  let later: (() => void)[] = []

  const table = <T>(
    kind: string,
    Record: z.ZodType<T>,
    reindex: (before: T | undefined, after: T | undefined) => void = () => {},
  ): Table<T> => {
    const records = new Map<string, T>()
    for (const { key, value } of store.rows(kind)) {
      const record = Record.parse(value)
      records.set(key, record)
      reindex(undefined, record)
    }
    const set = (key: string, value: T | undefined) => {
      const before = records.get(key)
      if (value === undefined) records.delete(key)
      else records.set(key, value)
      reindex(before, value)
      return before
    }
    const change = (key: string, value: T | undefined) => {
      if (undo === undefined) throw new Error(`${kind} "${key}" is written outside a change`)
      const before = set(key, value)
      undo.push(() => set(key, before))
      rows.set(`${kind} ${key}`, [kind, key, value])
    }
    return {
      get size() {
        return records.size
      },
      get: (key) => records.get(key),
      has: (key) => records.has(key),
      values: () => records.values(),
      put: change,
      drop: (key) => change(key, undefined),
      clear: () => {
        for (const record of records.values()) reindex(record, undefined)
        records.clear()
      },
    }
  }

  /** Run one change; inside another it is a part of that one. `settle` runs at its end, still inside. */
  const change = <T>(run: () => T, settle: () => void): T => {
    if (undo !== undefined) return run()
    const steps: (() => void)[] = []
    undo = steps
    rows = new Map()
    later = []
    let result: T
    try {
      result = run()
      if (rows.size > 0) {
        settle()
        store.write(rows.values())
      }
      undo = undefined
    } catch (error) {
      for (const step of steps.toReversed()) step()
      undo = undefined
      throw error
    }
    const after = later
    later = []
    for (const step of after) step()
    return result
  }

  return { table, change, later: (step: () => void) => later.push(step) }
}
