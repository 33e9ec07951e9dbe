import { join } from 'node:path'
import { readService } from '../local/service.ts'
import { startTables } from '../local/table.ts'
import { root } from './child.ts'

// The table in a process of its own: `node bench/table.ts FOLDER`.
const [folder = ''] = process.argv.slice(2)
const service = await readService(join(root, 'serverless.yml'), { env: {}, options: {} })
const { url } = await startTables(service, folder)
console.log(`ready ${url}`)
