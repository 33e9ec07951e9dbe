import type { AnyRecord, Records } from './block-storage.ts'
import { conflict } from './refusal.ts'

/** Writers that meet on one record try this often; each lost race means that another writer got through. */
const TRIES = 25

/**
 * Change a record in one conditional write, again from a fresh reading when another writer came in between.
 *
 * @param seen the record as it was a moment ago, which saves a reading: the write fails when it is another by now.
 * @param next throws to refuse; gives back the same record to leave it as it is.
 * @returns undefined: there is none.
 */
export async function change<T extends AnyRecord>(
  records: Records<T>,
  id: string,
  next: (record: T) => T,
  seen?: T,
): Promise<T | undefined> {
  for (let tries = 0; tries < TRIES; tries++) {
    const record = (tries === 0 ? seen : undefined) ?? (await records.get(id))
    if (record === undefined) return undefined
    const changed = next(record)
    if (changed === record) return record
    const written = await records.replace(changed)
    if (written !== undefined) return written
  }
  throw conflict(`Too many changes of ${id} at once. Repeat the request.`)
}
