import { randomBytes } from 'node:crypto'
import { cpSync } from 'node:fs'
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { createRequire, findPackageJSON } from 'node:module'
import { join } from 'node:path'
import {
  DeleteItemCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb'
import { expect, test, vi } from 'vitest'
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

test.each([
  ['', false],
  [', in a thread of their own', true],
])('the tables of the service file are made once, and keep what is in them%s', async (_, inThread) => {
  await using folder = await temporaryFolder()
  const first = await startTables(service, folder.path, inThread)
  await clientOf(first.url).send(
    new PutItemCommand({ TableName, Item: { pk: { S: 'a' }, owner: { S: 'me' } } }),
  )
  await first.close()

  const second = await startTables(service, folder.path, inThread)
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

test('cut off at any moment, an index shows what its table holds', async () => {
  await using folder = await temporaryFolder()
  const tables = await startTables(service, `${folder.path}/whole`)
  const client = clientOf(tables.url)
  const change = (n: number): Promise<unknown> =>
    n % 5 === 4
      ? client.send(new DeleteItemCommand({ TableName, Key: { pk: { S: `${n % 7}` } } }))
      : client.send(
          new PutItemCommand({ TableName, Item: { pk: { S: `${n % 7}` }, owner: { S: `${n % 3}` } } }),
        )
  const copies: string[] = []
  let busy = true
  // What is on the disk at one moment is what a kill at that moment leaves.
  const copying = (async () => {
    while (busy && copies.length < 15) {
      await new Promise((resolve) => setTimeout(resolve, 1))
      const copy = `${folder.path}/${copies.length}`
      cpSync(`${folder.path}/whole`, copy, { recursive: true })
      copies.push(copy)
    }
  })()
  for (let n = 0; n < 240; n += 8) await Promise.all(Array.from({ length: 8 }, (_, k) => change(n + k)))
  busy = false
  await copying
  await tables.close()

  for (const copy of copies) {
    const cut = await startTables(service, copy)
    const reader = clientOf(cut.url)
    const held = async (index: object) => {
      const { Items = [] } = await reader.send(new ScanCommand({ TableName, ...index }))
      return Items.map(({ pk, owner }) => `${pk?.S} of ${owner?.S}`).sort()
    }
    expect(await held({ IndexName: 'byOwner' })).toEqual(await held({}))
    reader.destroy()
    await cut.close()
  }
})

test('what is asked is ended: the folder keeps nothing of what was written over since', async () => {
  await using folder = await temporaryFolder()
  const tables = await startTables(service, folder.path)
  const client = clientOf(tables.url)
  for (let n = 0; n < 150; n++) {
    const bytes = randomBytes(150_000)
    await client.send(new PutItemCommand({ TableName, Item: { pk: { S: 'a' }, bytes: { B: bytes } } }))
    const { Items = [] } = await client.send(new ScanCommand({ TableName }))
    expect(Items).toHaveLength(1)
  }

  const held = async () => {
    const sizes = (await readdir(folder.path)).map(async (name) => (await stat(join(folder.path, name))).size)
    return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
  }
  // Ten times as much where nothing goes. What was written over goes in the background, when there is enough of it.
  await vi.waitFor(async () => expect(await held()).toBeLessThan(60e6), 30_000)
  client.destroy()
  await tables.close()
})

test('a table whose making was cut off is made again', async () => {
  await using folder = await temporaryFolder()
  const first = await startTables(service, folder.path)
  await first.close()
  const { Level } = createRequire(findPackageJSON('dynalite', import.meta.url)!)('level')
  const level = new Level(folder.path)
  const made = await level.get(`table~${TableName}`)
  await level.put(`table~${TableName}`, made.replaceAll('ACTIVE', 'CREATING'))
  await level.close()

  await using again = await startTables(service, folder.path).then((tables) => ({
    ...tables,
    [Symbol.asyncDispose]: tables.close,
  }))

  const { Table } = await clientOf(again.url).send(new DescribeTableCommand({ TableName }))
  expect(Table?.TableStatus).toBe('ACTIVE')
})

test('a table with other indexes than the service file says is an error that says so', async () => {
  await using folder = await temporaryFolder()
  await (await startTables(service, folder.path)).close()
  const [things] = service.tables.values()
  const renamed = things!.GlobalSecondaryIndexes!.map((index) => ({ ...index, IndexName: 'byKeeper' }))
  const changed = {
    ...service,
    tables: new Map([['Things', { ...things!, GlobalSecondaryIndexes: renamed }]]),
  }

  await expect(startTables(changed, folder.path)).rejects.toThrow('was made by another version')
})
