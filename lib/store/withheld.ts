import * as z from 'zod'
import type { Withheld } from '../jobs/withheld.ts'
import { putItem, readItem, removeItem, type Table } from './table.ts'

/** Seconds it is kept where a job does not end: as long as a message may lie in a queue. */
const KEPT_SECONDS = 14 * 24 * 3600

const Item = z.object({ addresses: z.record(z.string(), z.string()), ttl: z.number() })

const key = (hash: string) => ({ pk: `WITHHELD#${hash}` })
const seconds = () => Math.floor(Date.now() / 1000)

/** One item per document from which something was taken out. */
export const withheldIn = (table: Table): Withheld => ({
  async keep(hash, addresses) {
    await putItem(table, { ...key(hash), addresses, ttl: seconds() + KEPT_SECONDS })
  },

  async of(hash) {
    const found = await readItem(table, key(hash))
    if (found === undefined) return {}
    const { addresses, ttl } = Item.parse(found)
    return ttl > seconds() ? addresses : {}
  },

  async forget(hash) {
    await removeItem(table, key(hash))
  },
})
