import { CreateTableCommand, paginateScan } from '@aws-sdk/client-dynamodb'
import { unmarshall } from '@aws-sdk/util-dynamodb'
import dynalite from 'dynalite'
import { openTable, removeItem, type Table } from '../../lib/store/table.ts'

/** A table as deployed, in memory, served over real HTTP. */
export const startTable = async () => {
  const server = dynalite({ createTableMs: 0 })
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
  process.env.AWS_ENDPOINT_URL_DYNAMODB = `http://127.0.0.1:${port}`
  process.env.AWS_REGION = 'eu-central-1'
  process.env.AWS_ACCESS_KEY_ID = 'nobody'
  process.env.AWS_SECRET_ACCESS_KEY = 'nothing'

  // The address is said to it: another test of this process may say another one to the environment.
  const table = openTable('cinderless', { endpoint: process.env.AWS_ENDPOINT_URL_DYNAMODB })
  await table.client.send(
    new CreateTableCommand({
      TableName: table.name,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['pk', 'gsi1pk', 'gsi1sk', 'gsi2pk', 'gsi2sk', 'gsi3pk', 'gsi3sk'].map(
        (AttributeName) => ({
          AttributeName,
          AttributeType: 'S' as const,
        }),
      ),
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      GlobalSecondaryIndexes: ['gsi1', 'gsi2', 'gsi3'].map((IndexName) => ({
        IndexName,
        KeySchema: [
          { AttributeName: `${IndexName}pk`, KeyType: 'HASH' as const },
          { AttributeName: `${IndexName}sk`, KeyType: 'RANGE' as const },
        ],
        Projection: { ProjectionType: 'ALL' as const },
      })),
    }),
  )
  return {
    table,
    [Symbol.asyncDispose]: async () => {
      table.client.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Every item, in plain values. */
export const itemsIn = async ({ client, name }: Table): Promise<Record<string, any>[]> => {
  const items: Record<string, any>[] = []
  for await (const { Items = [] } of paginateScan({ client }, { TableName: name, ConsistentRead: true }))
    items.push(...Items.map((item) => unmarshall(item)))
  return items
}

export const emptyTable = async (table: Table): Promise<void> => {
  await Promise.all((await itemsIn(table)).map(({ pk }) => removeItem(table, { pk })))
}
