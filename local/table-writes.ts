import { once } from '../lib/once.ts'
import { dynaliteInside, type Item, type Part, type Write } from './table-inside.ts'

/**
 * Have dynalite change an item and its places in the indexes as one. By itself it writes one after the other, and
 * killed in between it has an index that shows for ever what no table holds.
 *
 * What it calls before it writes an item writes the item too, so its own writing of the same is left out.
 *
 * @see dynalite 4.0.0, db/index.js updateIndexes and actions/putItem.js
 */
export const writeAsOne = once((): void => {
  const inside = dynaliteInside()
  const written = new WeakSet<Item>()
  inside.updateIndexes = (store, table, before, after, done) => {
    const item = after ?? before
    if (!item) return done()
    const key = `item-${table.TableName}~${inside.createKey(item, table)}`
    const writes: Write[] = [after ? { type: 'put', key, value: after } : { type: 'del', key }]
    for (const kind of ['Local', 'Global'] as const) {
      const indexes = table[`${kind}SecondaryIndexes`] ?? []
      const { puts, deletes } = inside.getIndexActions(indexes, before, after, table)
      const placeOf = (index: string, at: string) =>
        `index-${kind.toLowerCase()}~${table.TableName}~${index}~${at}`
      writes.push(
        ...deletes.map(({ index, key: at }) => ({ type: 'del' as const, key: placeOf(index, at) })),
        ...puts.map(({ index, key: at, item: value }) => ({
          type: 'put' as const,
          key: placeOf(index, at),
          value,
        })),
      )
    }
    return store.db.batch(writes, (error) => {
      if (!error && after) written.add(after)
      done(error)
    })
  }
  const { create } = inside
  inside.create = (options) => {
    const store = create(options)
    const partOf = store.getItemDb
    const changed = new WeakSet<Part>()
    store.getItemDb = (name) => {
      const part = partOf(name)
      if (changed.has(part)) return part
      changed.add(part)
      const { put } = part
      part.put = (key, value, done) => (written.has(value) ? done() : put(key, value, done))
      return part
    }
    return store
  }
})
