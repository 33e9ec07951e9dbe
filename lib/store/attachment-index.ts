import { DeleteCommand, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb'
import * as z from 'zod'
import type { AttachmentIndex } from '../volumes/block-storage.ts'
import type { Table } from './table.ts'

const key = (id: string) => ({ pk: `ATTACHMENT#${id}` })
const Item = z.object({ volume: z.string() })

/** Where attachments are kept: each in its volume's record, found by its own id. */
export const attachmentIndex = (table: Table): AttachmentIndex => ({
  async note(attachment, volume) {
    await table.client.send(new PutCommand({ TableName: table.name, Item: { ...key(attachment), volume } }))
  },

  async volumeOf(attachment) {
    const { Item: found } = await table.client.send(
      new GetCommand({ TableName: table.name, Key: key(attachment), ConsistentRead: true }),
    )
    return found === undefined ? undefined : Item.parse(found).volume
  },

  async forget(attachment) {
    await table.client.send(new DeleteCommand({ TableName: table.name, Key: key(attachment) }))
  },
})
