import * as z from 'zod'
import type { AttachmentBook } from '../driver/backend.ts'
import { newPage } from '../driver/book.ts'
import { atVersion, isNew, isWritten } from './condition.ts'
import { putItem, readItem, removeItem, type Table } from './table.ts'

const Limit = z.union([z.int(), z.literal('-')])

const Item = z.object({
  generation: z.int(),
  version: z.int(),
  reverting: z.object({ snapshot: z.string(), size: z.int(), iops: Limit, bw: Limit }).optional(),
  claim: z.object({ job: z.string(), until: z.int() }).optional(),
  hold: z.object({ id: z.string(), until: z.int(), again: z.boolean().optional() }).optional(),
  attachments: z.record(
    z.string(),
    z.object({
      id: z.string(),
      host: z.string(),
      clientId: z.int(),
      mode: z.enum(['rw', 'ro']),
      instance: z.string().optional(),
      state: z.enum(['attaching', 'attached', 'detaching']),
      generation: z.int(),
    }),
  ),
})

const Noted = z.object({ globalId: z.string() })

const nameKey = (name: string) => ({ pk: `ATTACHMENTS#name#${name}` })
const key = (globalId: string) => ({ pk: `ATTACHMENTS#${globalId}` })

/**
 * The book of attachments: one item per volume, `{generation, version, attachments}`. Reads are consistent and
 * every write is conditioned on the version that was read, so of two writers one begins again. Beside the pages stand
 * the names under which volumes were attached, so that ending a connection need not ask StorPool whose name it is.
 */
export const attachmentBook = (table: Table): AttachmentBook => ({
  async read(globalId) {
    const found = await readItem(table, key(globalId))
    return found === undefined ? newPage(globalId) : { globalId, ...Item.parse(found) }
  },

  write({ globalId, generation, version, attachments, reverting, claim, hold }) {
    const item = { ...key(globalId), generation, attachments, reverting, claim, hold, version: version + 1 }
    return isWritten(putItem(table, item, version === 0 ? isNew : atVersion(version)))
  },

  async note(name, globalId) {
    await putItem(table, { ...nameKey(name), globalId })
  },

  async noted(name) {
    const found = await readItem(table, nameKey(name))
    return found === undefined ? undefined : Noted.parse(found).globalId
  },

  async forget(name) {
    await removeItem(table, nameKey(name))
  },
})
