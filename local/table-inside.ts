import { createRequire } from 'node:module'

export type Item = Readonly<Record<string, unknown>> & {
  /** Of tables. */
  readonly TableStatus?: string
  readonly TableName?: string
}

export type Done = (error?: unknown) => void

/** A table as dynalite keeps it. */
export interface Kept {
  readonly TableName: string
  readonly LocalSecondaryIndexes?: readonly object[]
  readonly GlobalSecondaryIndexes?: readonly object[]
}

export type Write =
  | { readonly type: 'put'; readonly key: string; readonly value: Item }
  | { readonly type: 'del'; readonly key: string }

/** The items of one table, or all tables. */
export interface Part {
  get: (key: string, done: (error: unknown, value?: Item) => void) => void
  put: (key: string, value: Item, done: Done) => void
  del: (key: string, done: Done) => void
}

export interface Store {
  readonly db: { batch(writes: readonly Write[], done: Done): void }
  readonly tableDb: Part
  getItemDb: (name: string) => Part
}

interface Action {
  readonly index: string
  readonly key: string
}

/** What of dynalite is changed here, and what that needs. @see dynalite 4.0.0, db/index.js */
export interface Inside {
  create: (options: object) => Store
  updateIndexes(store: Store, table: Kept, before: Item | undefined, after: Item | null, done: Done): void
  getIndexActions(
    indexes: readonly object[],
    before: Item | undefined,
    after: Item | null,
    table: Kept,
  ): { readonly puts: readonly (Action & { readonly item: Item })[]; readonly deletes: readonly Action[] }
  createKey(item: Item, table: Kept): string
}

export const dynaliteInside = (): Inside => createRequire(import.meta.url)('dynalite/db')
