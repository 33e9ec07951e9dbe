import { mkdir, writeFile } from 'node:fs/promises'
import {
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb'
import { expect, test } from 'vitest'
import { startTables } from '../../local/table.ts'
import { serviceOf, temporaryFolder } from './harness.ts'

const service = serviceOf(`
functions: { none: { handler: none.handler } }
resources:
  Resources:
    Things:
      Type: AWS::DynamoDB::Table
      Properties:
        BillingMode: PAY_PER_REQUEST
        AttributeDefinitions: [{ AttributeName: pk, AttributeType: S }, { AttributeName: owner, AttributeType: S }]
        KeySchema: [{ AttributeName: pk, KeyType: HASH }]
        GlobalSecondaryIndexes:
          - IndexName: byOwner
            KeySchema: [{ AttributeName: owner, KeyType: HASH }]
            Projection: { ProjectionType: ALL }
        TimeToLiveSpecification: { AttributeName: ttl, Enabled: true }
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true }
`)
const TableName = 'test-dev-Things'

const clientOf = (endpoint: string) =>
  new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  })

test('the tables of the service file are made once, and keep what is in them', async () => {
  await using folder = await temporaryFolder()
  const first = await startTables(service, folder.path)
  await clientOf(first.url).send(
    new PutItemCommand({ TableName, Item: { pk: { S: 'a' }, owner: { S: 'me' } } }),
  )
  await first.close()

  const second = await startTables(service, folder.path)
  const client = clientOf(second.url)
  const { Table } = await client.send(new DescribeTableCommand({ TableName }))
  const { Item } = await client.send(new GetItemCommand({ TableName, Key: { pk: { S: 'a' } } }))
  await second.close()

  expect(Table?.TableStatus).toBe('ACTIVE')
  expect(Table?.GlobalSecondaryIndexes?.map(({ IndexName }) => IndexName)).toEqual(['byOwner'])
  expect(Item).toEqual({ pk: { S: 'a' }, owner: { S: 'me' } })
})

test('a folder that is damaged is an error, not a server that never answers', async () => {
  await using folder = await temporaryFolder()
  await mkdir(folder.path, { recursive: true })
  await writeFile(`${folder.path}/CURRENT`, 'no')

  await expect(startTables(service, folder.path)).rejects.toThrow('Corruption')
})
