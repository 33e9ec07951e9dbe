import { BatchWriteItemCommand } from '@aws-sdk/client-dynamodb'
import { v4 } from 'uuid'
import { itemOf } from '../../lib/store/records.ts'
import { openTable, rawOf } from '../../lib/store/table.ts'
import type { VolumeRecord } from '../../lib/volumes/record.ts'
import { DEFAULT_TYPE } from '../../lib/volumes/types.ts'

/** Items that one write takes. */
const BATCH = 25
/** Writes at a time. */
const AT_ONCE = 4

const record = (project: string, n: number): VolumeRecord => ({
  id: v4(),
  project,
  name: `volume-${n}`,
  createdAt: new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString(),
  updatedAt: null,
  version: 0,
  user: 'bench',
  description: null,
  size: 1,
  status: 'available',
  typeId: DEFAULT_TYPE.id,
  zone: 'nova',
  snapshotId: null,
  sourceVolid: null,
  metadata: {},
  readonly: null,
  bootable: false,
  imageMetadata: {},
  host: 'cinderless@default#default',
  globalId: null,
  nameId: null,
  migrationStatus: null,
  multiattach: false,
  attachments: {},
  isBooked: false,
  snapshots: [],
  work: null,
})

/** Put records of volumes into a table, as if they had been made: what lists of them cost does not depend on how. */
export async function seed(
  endpoint: string,
  TableName: string,
  project: string,
  volumes: number,
): Promise<void> {
  const { client } = openTable(TableName, {
    endpoint,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
  })
  let next = 0
  const write = async (): Promise<void> => {
    while (next < volumes) {
      const from = next
      next += BATCH
      const items = Array.from({ length: Math.min(BATCH, volumes - from) }, (_, n) => ({
        PutRequest: { Item: rawOf(itemOf('VOLUME', record(project, from + n))) },
      }))
      await client.send(new BatchWriteItemCommand({ RequestItems: { [TableName]: items } }))
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, write))
  client.destroy()
}
