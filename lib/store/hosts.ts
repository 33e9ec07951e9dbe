import { HostRecord, type HostRecords } from '../hosts/record.ts'
import { atVersion, isNew, isWritten } from './condition.ts'
import { itemsOf } from './query.ts'
import { putItem, readItem, type Table } from './table.ts'

const key = (name: string) => ({ pk: `HOST#${name}` })

/** All of them lie together in an index: there are few, and they are written seldom. */
const group = 'HOST#all'

/** One item per host, written on the condition that it is at the version that was read. `gsi3` lists them by name. */
export const hostRecords = (table: Table): HostRecords => ({
  async read(name) {
    const found = await readItem(table, key(name))
    return found && HostRecord.parse(found)
  },

  write(record) {
    const { name, version } = record
    const item = { ...key(name), gsi3pk: group, gsi3sk: name, ...record, version: version + 1 }
    return isWritten(putItem(table, item, version === 0 ? isNew : atVersion(version)))
  },

  all: () => itemsOf(table, HostRecord, { index: 'gsi3', group, oldestFirst: true }),
})
