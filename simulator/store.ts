import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { FolderError, reasonOf } from './errors.ts'

/** One row written in a change; without a value the row goes. */
export type Row = readonly [kind: string, key: string, value: unknown]

/** Where the objects are kept: one file, changed in transactions, held by one process at a time. */
export interface Store {
  rows(kind: string): readonly { key: string; value: unknown }[]
  write(rows: Iterable<Row>): void
  clear(): void
  close(): void
}

/**
 * Open the store of a data folder. What was written is there after the process was killed: it needs no sync to
 * the disk for that, as only a power cut would lose it. The lock is the kernel's, so a dead process holds none.
 *
 * @throws FolderError when another process has the folder, or the file is no store
 */
export const openStore = (folder: string): Store => {
  const file = join(folder, 'objects.sqlite')
  let db: DatabaseSync
  try {
    db = new DatabaseSync(file)
    db.exec(`PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
      CREATE TABLE IF NOT EXISTS rows (kind TEXT, key TEXT, value TEXT, PRIMARY KEY (kind, key)) WITHOUT ROWID`)
  } catch (error) {
    const why = reasonOf(error)
    throw new FolderError(
      /locked|busy/.test(why)
        ? `the data folder ${folder} is in use by another simulator: stop that one or choose another --data`
        : `the data folder ${folder} cannot be used (${why}): choose another --data or remove ${file}`,
    )
  }
  const select = db.prepare('SELECT key, value FROM rows WHERE kind = ?')
  const upsert = db.prepare('INSERT OR REPLACE INTO rows VALUES (?, ?, ?)')
  const remove = db.prepare('DELETE FROM rows WHERE kind = ? AND key = ?')

  return {
    rows: (kind) =>
      select.all(kind).map(({ key, value }) => ({ key: String(key), value: JSON.parse(String(value)) })),
    write: (rows) => {
      db.exec('BEGIN')
      try {
        for (const [kind, key, value] of rows) {
          if (value === undefined) remove.run(kind, key)
          else upsert.run(kind, key, JSON.stringify(value))
        }
        db.exec('COMMIT')
      } catch (error) {
        // A full disk has rolled it back by itself.
        if (db.isTransaction) db.exec('ROLLBACK')
        throw error
      }
    },
    clear: () => db.exec('DELETE FROM rows'),
    close: () => db.close(),
  }
}
