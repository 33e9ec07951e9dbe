import { createRequire } from 'node:module'

type Item = Readonly<Record<string, unknown>>

/** A table as dynalite keeps it. */
interface Kept {
  readonly TableName: string
  readonly LocalSecondaryIndexes?: readonly object[]
  readonly GlobalSecondaryIndexes?: readonly object[]
}

type Write =
  | { readonly type: 'put'; readonly key: string; readonly value: Item }
  | { readonly type: 'del'; readonly key: string }

type Done = (error?: unknown) => void

interface Store {
  readonly db: { batch(writes: readonly Write[], done: Done): void }
}

interface Action {
  readonly index: string
  readonly key: string
}

interface Inside {
  updateIndexes(store: Store, table: Kept, before: Item | undefined, after: Item | null, done: Done): void
  getIndexActions(
    indexes: readonly object[],
    before: Item | undefined,
    after: Item | null,
    table: Kept,
  ): { readonly puts: readonly (Action & { readonly item: Item })[]; readonly deletes: readonly Action[] }
  createKey(item: Item, table: Kept): string
}

/**
 * Have dynalite change an item and its places in the indexes as one. By itself it writes one after the other, and
 * killed in between it has an index that shows for ever what no table holds.
 *
 * What it calls before it writes an item writes the item too; its own writing of the same then changes nothing.
 *
 * @see dynalite 4.0.0, db/index.js updateIndexes and actions/putItem.js
 */
export const writeAsOne = (): void => {
  const inside: Inside = createRequire(import.meta.url)('dynalite/db')
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
    return store.db.batch(writes, done)
  }
}
