import { findPackageJSON } from 'node:module'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { type BuildAppOptions, buildApp } from 'fauxqs'
import type { Service } from './service.ts'

const accountId = '000000000000'

type SqsStore = NonNullable<BuildAppOptions['stores']>['sqsStore']
type Queue = NonNullable<ReturnType<SqsStore['getQueue']>>
type Persistence = NonNullable<Queue['persistence']>

/** What this needs of fauxqs beside its front door. */
interface Inside {
  readonly SqsStore: new () => SqsStore
  readonly SnsStore: new () => NonNullable<BuildAppOptions['stores']>['snsStore']
  readonly S3Store: new () => NonNullable<BuildAppOptions['stores']>['s3Store']
  readonly PersistenceManager: new (folder: string) => Persistence
}

const inside = async (): Promise<Inside> => {
  const root = dirname(findPackageJSON('fauxqs', import.meta.url) ?? '')
  const files = ['sqs/sqsStore', 'sns/snsStore', 's3/s3Store', 'persistence']
  const modules = await Promise.all(
    files.map((file) => import(pathToFileURL(join(root, 'dist', `${file}.js`)).href)),
  )
  return Object.assign({}, ...modules)
}

/** SQS on this machine. */
export interface QueueServer {
  /** For `AWS_ENDPOINT_URL_SQS`. */
  readonly url: string
  /** A queue's URL, by its name in `resources`. */
  queueUrl(key: string): string
  queueArn(key: string): string
  /** Messages there, those being worked on with them, by the queue's name in `resources`. */
  depth(key: string): number
  close(): Promise<void>
}

/**
 * SQS with the queues of a service file, kept in a folder.
 *
 * fauxqs' own start listens on every address of the machine, so its parts are put together here to listen on one.
 *
 * @param folder where messages are kept.
 * @see fauxqs 2.4.1, dist/app.js startFauxqs
 */
export const startQueues = async (service: Service, folder: string): Promise<QueueServer> => {
  const { SqsStore, SnsStore, S3Store, PersistenceManager } = await inside()
  const stores = { sqsStore: new SqsStore(), snsStore: new SnsStore(), s3Store: new S3Store() }
  const kept = new PersistenceManager(folder)
  // As with the executions: what is written outlives a kill, and is not waited for until the disk has it.
  const db: unknown = Reflect.get(kept, 'db')
  if (db instanceof DatabaseSync) db.exec('PRAGMA synchronous = NORMAL')
  kept.loadSqsAndSns(stores.sqsStore, stores.snsStore)
  stores.sqsStore.persistence = kept
  for (const queue of stores.sqsStore.allQueues()) queue.persistence = kept

  const app = buildApp({ logger: false, host: '127.0.0.1', defaultRegion: service.region, stores })
  app.addHook('preClose', (done) => {
    kept.close()
    done()
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const nameOf = (key: string): string => service.queues.get(key)?.name ?? key
  const queueUrl = (key: string): string => `${url}/${accountId}/${nameOf(key)}`
  const queueArn = (key: string): string => `arn:aws:sqs:${service.region}:${accountId}:${nameOf(key)}`

  for (const [key, queue] of service.queues) {
    const numbers = {
      VisibilityTimeout: queue.VisibilityTimeout,
      MessageRetentionPeriod: queue.MessageRetentionPeriod,
      DelaySeconds: queue.DelaySeconds,
      ReceiveMessageWaitTimeSeconds: queue.ReceiveMessageWaitTimeSeconds,
    }
    const attributes: Record<string, string> = {}
    for (const [name, value] of Object.entries(numbers))
      if (value !== undefined) attributes[name] = String(value)
    if (queue.RedrivePolicy) {
      const { deadLetterTargetArn, maxReceiveCount } = queue.RedrivePolicy
      attributes.RedrivePolicy = JSON.stringify({
        deadLetterTargetArn: queueArn(deadLetterTargetArn),
        maxReceiveCount,
      })
    }
    const there = stores.sqsStore.getQueueByName(queue.name)
    if (there) there.setAttributes(attributes)
    else stores.sqsStore.createQueue(queue.name, queueUrl(key), queueArn(key), attributes)
  }
  // Whoever had taken a message to work on it went with the process before this one.
  for (const { queue: key } of service.queueSources) {
    const queue = stores.sqsStore.getQueueByName(nameOf(key))
    for (const { receiptHandle } of queue?.inspectMessages().inflight ?? [])
      queue?.changeVisibility(receiptHandle, 1)
  }
  return {
    url,
    queueUrl,
    queueArn,
    depth(key) {
      const found = stores.sqsStore.inspectQueue(nameOf(key))?.messages
      return found ? found.ready.length + found.delayed.length + found.inflight.length : 0
    },
    async close() {
      for (const queue of stores.sqsStore.allQueues()) queue.cancelWaiters()
      await app.close()
    },
  }
}
