import { createRequire, findPackageJSON } from 'node:module'
import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ResourceNotFoundException,
} from '@aws-sdk/client-dynamodb'
import dynalite from 'dynalite'
import type { Service } from './service.ts'

/** DynamoDB on this machine. */
export interface TableServer {
  /** For `AWS_ENDPOINT_URL_DYNAMODB`. */
  readonly url: string
  close(): Promise<void>
}

/** The part of dynalite's database that is needed to see whether a folder can be opened. */
interface Level {
  open(): Promise<void>
  close(): Promise<void>
}

/** dynalite opens its folder in the background and, when that fails, answers nothing ever after: so try it first. */
const tryOpen = async (folder: string): Promise<void> => {
  const require = createRequire(findPackageJSON('dynalite', import.meta.url) ?? import.meta.url)
  const { Level }: { Level: new (path: string) => Level } = require('level')
  const level = new Level(folder)
  try {
    await level.open()
  } catch (error) {
    throw error instanceof Error && error.cause instanceof Error ? error.cause : error
  }
  await level.close()
}

/**
 * DynamoDB with the tables of a service file, kept in a folder. Backups, encryption and expiry are AWS's own and left
 * out: dynalite knows none of them, and records carry their expiry themselves.
 *
 * @throws Error when the folder cannot be opened.
 */
export const startTables = async (service: Service, folder: string): Promise<TableServer> => {
  await tryOpen(folder)
  const server = dynalite({ path: folder, createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 })
  server.keepAliveTimeout = 65_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => resolve())
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const url = `http://127.0.0.1:${port}`
  const client = new DynamoDBClient({
    endpoint: url,
    region: service.region,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  })
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  try {
    for (const table of service.tables.values()) {
      const there = await client
        .send(new DescribeTableCommand({ TableName: table.name }))
        .catch((error: unknown) => {
          if (error instanceof ResourceNotFoundException) return undefined
          throw error
        })
      if (there) continue
      await client.send(
        new CreateTableCommand({
          TableName: table.name,
          BillingMode: table.BillingMode,
          AttributeDefinitions: table.AttributeDefinitions,
          KeySchema: table.KeySchema,
          ...(table.GlobalSecondaryIndexes && { GlobalSecondaryIndexes: table.GlobalSecondaryIndexes }),
        }),
      )
    }
  } catch (error) {
    await close()
    throw error
  } finally {
    client.destroy()
  }
  return { url, close }
}
