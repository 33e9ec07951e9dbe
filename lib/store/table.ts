import { isDeepStrictEqual } from 'node:util'
import {
  type AttributeValue,
  DeleteItemCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type ReturnValue,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb'
import { answeredIn } from '../aws-requests.ts'
import { type Condition, isRefusedAgain, type Named } from './condition.ts'

/** The one table, and a client that gives up well before the function does. */
export interface Table {
  readonly name: string
  readonly client: DynamoDBClient
}

/** An item, or a part of it, in plain values. */
export type Plain = Readonly<Record<string, unknown>>
/** What is written says where. */
interface Keyed {
  readonly pk: string
}
/** The same as DynamoDB has it. */
export type Raw = Record<string, AttributeValue>

/** @param more what a client is told that shall not go by the environment. */
export const openTable = (name: string, more: DynamoDBClientConfig = {}): Table => {
  const client = new DynamoDBClient({
    maxAttempts: 4,
    requestHandler: answeredIn(4_000),
    // What a kind of command goes through is put together once, not for every request.
    cacheMiddleware: true,
    ...more,
  })
  // It prepares for a log what every request asked and was answered, though there is no log.
  client.middlewareStack.remove('loggerMiddleware')
  return { name, client }
}

/** Without the second, a map with a key `constructor` is taken for an instance of a class, and refused. */
const marshallOptions = { removeUndefinedValues: true, convertClassInstanceToMap: true }

/** What is undefined is left out. */
export const rawOf = (plain: object): Raw => marshall(plain, marshallOptions)

/** DynamoDB refuses an empty map. */
const unlessEmpty = <T extends object>(map: T): T | undefined =>
  Object.keys(map).length === 0 ? undefined : map

const namedIn = ({ names = {}, values = {} }: Named) => ({
  ExpressionAttributeNames: unlessEmpty(names),
  ExpressionAttributeValues: unlessEmpty(rawOf(values)),
})

const only = (when: Condition) => ({ ConditionExpression: when.condition, ...namedIn(when) })

/** @returns undefined where there is none. What was written before is seen. */
export const readItem = async ({ client, name }: Table, key: Plain): Promise<Plain | undefined> => {
  const { Item } = await client.send(
    new GetItemCommand({ TableName: name, Key: rawOf(key), ConsistentRead: true }),
  )
  return Item && unmarshall(Item)
}

/** @throws ConditionalCheckFailedException: see `ifHolds`; likewise the other writes. */
export const putItem = async <T extends Keyed>(
  table: Table,
  item: T,
  when: Condition = {},
): Promise<void> => {
  const raw = rawOf(item)
  const write = table.client.send(new PutItemCommand({ TableName: table.name, Item: raw, ...only(when) }))
  await settled(table, write, item, (there) => isDeepStrictEqual(there, unmarshall(raw)))
}

export const removeItem = async (table: Table, key: Keyed, when: Condition = {}): Promise<void> => {
  const command = new DeleteItemCommand({ TableName: table.name, Key: rawOf(key), ...only(when) })
  await settled(table, table.client.send(command), key, (there) => there === undefined)
}

/**
 * A write whose answer is lost is made again by the client, and refused then where it was carried out: what is there says
 * so.
 */
const settled = async (
  table: Table,
  write: Promise<unknown>,
  { pk }: Keyed,
  isDone: (there: Plain | undefined) => boolean,
): Promise<void> => {
  try {
    await write
  } catch (error) {
    if (!isRefusedAgain(error) || !isDone(await readItem(table, { pk }))) throw error
  }
}

interface Change extends Condition {
  readonly update: string
  readonly returns?: ReturnValue
}

/** @returns what `returns` asks for: nothing unless said. */
export const updateItem = async ({ client, name }: Table, key: Plain, change: Change): Promise<Plain> => {
  const { Attributes = {} } = await client.send(
    new UpdateItemCommand({
      TableName: name,
      Key: rawOf(key),
      UpdateExpression: change.update,
      ...only(change),
      ReturnValues: change.returns,
    }),
  )
  return unmarshall(Attributes)
}

export type Index = 'gsi1' | 'gsi2' | 'gsi3'

interface Query extends Named {
  readonly index: Index
  /** The condition on the keys of the index. */
  readonly keys: string
  readonly filter?: string | undefined
  readonly oldestFirst: boolean
  /** Items read, not found. */
  readonly limit?: number | undefined
  /** `next` of the page before. */
  readonly start?: Raw | undefined
}

/** One page of an index. */
export const queryIndex = async ({ client, name }: Table, query: Query) => {
  const { Items = [], LastEvaluatedKey } = await client.send(
    new QueryCommand({
      TableName: name,
      IndexName: query.index,
      KeyConditionExpression: query.keys,
      FilterExpression: query.filter,
      ...namedIn(query),
      ScanIndexForward: query.oldestFirst,
      Limit: query.limit,
      ExclusiveStartKey: query.start,
    }),
  )
  return { items: Items.map((item): Plain => unmarshall(item)), next: LastEvaluatedKey }
}
