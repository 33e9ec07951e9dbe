import { once } from '../lib/once.ts'
import { type Done, dynaliteInside, type Part } from './table-inside.ts'

/**
 * Have dynalite remember what its tables are like. By itself it reads that from the disk for every request, which is a
 * fifth of what the request takes.
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
    let changes = 0
    /** A reading during which something was changed may have found what was: it is not kept. */
    const forget = (key: string) => {
      changes += 1
      kept.delete(key)
    }
    const forgetting = (key: string, done: Done): Done => {
      forget(key)
      return (error) => {
        forget(key)
        done(error)
      }
    }
    const remembering: Part = {
      get(key, done) {
        const text = kept.get(key)
        // Whoever changes a table changes what it was given, before that is written.
        if (text !== undefined) return done(null, JSON.parse(text))
        const before = changes
        return get(key, (error, table) => {
          if (!error && table?.TableStatus === 'ACTIVE' && changes === before)
            kept.set(key, JSON.stringify(table))
          done(error, table)
        })
      },
      put(key, table, done) {
        put(key, table, forgetting(key, done))
      },
      del(key, done) {
        del(key, forgetting(key, done))
      },
    }
    Object.assign(store.tableDb, remembering)
    return store
  }
})
