import { CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import dynalite from 'dynalite'
import { marshallOptions, type Table } from '../../lib/store/table.ts'

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

  const admin = new DynamoDBClient({ endpoint: process.env.AWS_ENDPOINT_URL_DYNAMODB })
  await admin.send(
    new CreateTableCommand({
      TableName: 'cinderless',
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
  // Not opened as a function does: another test of this process may have said another address since.
  const table: Table = {
    name: 'cinderless',
    client: DynamoDBDocumentClient.from(admin, { marshallOptions }),
  }
  return {
    table,
    [Symbol.asyncDispose]: async () => {
      admin.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
