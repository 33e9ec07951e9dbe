import { join } from 'node:path'
import { startQueues } from '../local/queue.ts'
import { readService } from '../local/service.ts'
import { startTables } from '../local/table.ts'
import { root } from './child.ts'

// The table and the queue in a process of their own: `node bench/records.ts FOLDER`.
const [folder = ''] = process.argv.slice(2)
const service = await readService(join(root, 'serverless.yml'), { env: {}, options: {} })
const table = await startTables(service, join(folder, 'table'))
const queues = await startQueues(service, join(folder, 'queue'))
console.log(`ready ${table.url} ${queues.url} ${queues.queueUrl('JobsQueue')}`)
