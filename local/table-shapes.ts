import { once } from '../lib/once.ts'
import { type Done, dynaliteInside, type Part } from './table-inside.ts'

/**
 * Have dynalite remember what its tables are like. By itself it reads that from the disk for every request, which is a
 * quarter of what the request takes.
 *
 * @see dynalite 4.0.0, db/index.js getTable
 */
export const rememberTables = once((): void => {
  const inside = dynaliteInside()
  const { create } = inside
  inside.create = (options) => {
    const store = create(options)
    const { get, put, del } = store.tableDb
    const kept = new Map<string, string>()
    /** Neither before nor after a change is there a moment at which what was is taken for what is. */
    const changing =
      (key: string, done: Done): Done =>
      (error) => {
        kept.delete(key)
        done(error)
      }
    const remembering: Part = {
      get(key, done) {
        const text = kept.get(key)
        // Whoever changes a table changes what it was given, before that is written.
        if (text !== undefined) return done(null, JSON.parse(text))
        return get(key, (error, table) => {
          if (!error && table) kept.set(key, JSON.stringify(table))
          done(error, table)
        })
      },
      put(key, table, done) {
        kept.delete(key)
        put(key, table, changing(key, done))
      },
      del(key, done) {
        kept.delete(key)
        del(key, changing(key, done))
      },
    }
    Object.assign(store.tableDb, remembering)
    return store
  }
})
