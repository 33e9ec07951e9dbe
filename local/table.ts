import { once } from 'node:events'
import { createRequire, findPackageJSON } from 'node:module'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ResourceNotFoundException,
  type TableDescription,
} from '@aws-sdk/client-dynamodb'
import type { Service } from './service.ts'
import { CannotStart } from './state.ts'
import { serveTables } from './table-server.ts'

/** DynamoDB on this machine. */
export interface TableServer {
  /** For `AWS_ENDPOINT_URL_DYNAMODB`. */
  readonly url: string
  close(): Promise<void>
}

/** The part of dynalite's database that is needed to see whether a folder can be opened. */
interface Level {
  open(): Promise<void>
  get(key: string): Promise<string | undefined>
  del(key: string): Promise<void>
  close(): Promise<void>
}

/** A table that was being made when its process was killed: dynalite would never end that, nor let it be used. */
const dropHalfMade = async (level: Level, name: string): Promise<void> => {
  const there = await level.get(`table~${name}`)
  if (there?.includes('"TableStatus":"CREATING"')) await level.del(`table~${name}`)
}

/** dynalite opens its folder in the background and, when that fails, answers nothing ever after: so try it first. */
const tryOpen = async (folder: string, tables: readonly string[]): Promise<void> => {
  const require = createRequire(findPackageJSON('dynalite', import.meta.url) ?? import.meta.url)
  const { Level }: { Level: new (path: string) => Level } = require('level')
  const level = new Level(folder)
  try {
    await level.open()
  } catch (error) {
    throw error instanceof Error && error.cause instanceof Error ? error.cause : error
  }
  for (const name of tables) await dropHalfMade(level, name)
  await level.close()
}

/** What of a table cannot be changed once it is made. */
const shapeOf = ({
  KeySchema,
  GlobalSecondaryIndexes = [],
}: Pick<TableDescription, 'KeySchema' | 'GlobalSecondaryIndexes'>) => {
  const keys = (schema: TableDescription['KeySchema'] = []) =>
    schema.map(({ AttributeName, KeyType }) => `${AttributeName} ${KeyType}`).join()
  const indexes = GlobalSecondaryIndexes.map(({ IndexName, KeySchema: own }) => `${IndexName}: ${keys(own)}`)
  return [keys(KeySchema), ...indexes.sort()].join('; ')
}

/** The same in a thread of its own. What the process was told to load beside is not for that; what fails there fails here. */
const serveInThread: typeof serveTables = async (folder) => {
  const thread = new Worker(new URL('table-thread.ts', import.meta.url), { workerData: folder, execArgv: [] })
  const [port] = await once(thread, 'message')
  for (const event of ['error', 'message']) {
    thread.on(event, (error) => {
      throw error
    })
  }
  const close = async () => {
    const ended = once(thread, 'exit')
    thread.postMessage('close')
    await ended
  }
  return { port: Number(port), close }
}

const isActive = async (client: DynamoDBClient, TableName: string): Promise<boolean> =>
  (await client.send(new DescribeTableCommand({ TableName }))).Table?.TableStatus === 'ACTIVE'

/**
 * DynamoDB with the tables of a service file, kept in a folder. Backups, encryption and expiry are AWS's own and left
 * out: dynalite knows none of them, and records carry their expiry themselves.
 *
 * @param inThread beside the main one: a fifth of what a job costs is the table's, and a machine has more than one
 *   processor. It takes a tenth of a second longer to start.
 * @throws Error when the folder cannot be opened.
 */
export const startTables = async (
  service: Service,
  folder: string,
  inThread = false,
): Promise<TableServer> => {
  await tryOpen(
    folder,
    [...service.tables.values()].map(({ name }) => name),
  )
  const { port, close } = await (inThread ? serveInThread : serveTables)(folder)
  const url = `http://127.0.0.1:${port}`
  const client = new DynamoDBClient({
    endpoint: url,
    region: service.region,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
  })
  try {
    for (const table of service.tables.values()) {
      const there = await client
        .send(new DescribeTableCommand({ TableName: table.name }))
        .catch((error: unknown) => {
          if (error instanceof ResourceNotFoundException) return undefined
          throw error
        })
      if (there?.Table) {
        if (shapeOf(there.Table) === shapeOf(table)) continue
        throw new CannotStart(
          `the table ${table.name} was made by another version, with other keys or indexes. Begin anew with --fresh, or give another folder with --state DIR`,
        )
      }
      await client.send(
        new CreateTableCommand({
          TableName: table.name,
          BillingMode: table.BillingMode,
          AttributeDefinitions: table.AttributeDefinitions,
          KeySchema: table.KeySchema,
          ...(table.GlobalSecondaryIndexes && { GlobalSecondaryIndexes: table.GlobalSecondaryIndexes }),
        }),
      )
      // Made in the background: until it is, its table is one that does not exist.
      while (!(await isActive(client, table.name))) await delay(5)
    }
  } catch (error) {
    await close()
    throw error
  } finally {
    client.destroy()
  }
  return { url, close }
}
