import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { manySockets } from '../aws-sockets.ts'

/** The one table, and a client that gives up well before the function does. */
export interface Table {
  readonly name: string
  readonly client: DynamoDBDocumentClient
}

/** Without the second, a map with a key `constructor` is taken for an instance of a class, and refused. */
export const marshallOptions = { removeUndefinedValues: true, convertClassInstanceToMap: true }

export const openTable = (name: string): Table => ({
  name,
  client: DynamoDBDocumentClient.from(
    new DynamoDBClient({
      maxAttempts: 4,
      requestHandler: { connectionTimeout: 1_000, requestTimeout: 4_000, ...manySockets },
    }),
    { marshallOptions },
  ),
})

/** Runs a conditional write. @returns undefined where the condition did not hold. */
export const ifHolds = async <T>(write: Promise<T>): Promise<T | undefined> => {
  try {
    return await write
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined
    throw error
  }
}
