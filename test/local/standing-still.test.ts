import { join } from 'node:path'
import { expect, test } from 'vitest'
import { quotas } from '../../lib/store/quotas.ts'
import { awsEnvironment, useEnvironment } from '../../local/environment.ts'
import { readService } from '../../local/service.ts'
import { startTables } from '../../local/table.ts'
import { root } from '../build/run.ts'
import { temporaryFolder } from './harness.ts'

/** More than a client makes again by itself. */
const REQUESTS = 120

test('while the process stands still, nothing that was asked of the table is lost or made twice', async () => {
  await using folder = await temporaryFolder()
  const service = await readService(join(root, 'serverless.yml'), { env: {}, options: {} })
  const server = await startTables(service, folder.path, true)
  const endpoints = { dynamodb: server.url, sqs: 'http://127.0.0.1:9', lambda: 'http://127.0.0.1:9' }
  const [{ name: TABLE_NAME = '' } = {}] = service.tables.values()
  const restore = useEnvironment({ ...awsEnvironment(service.region, endpoints), TABLE_NAME })
  try {
    const { table, now } = await import('../../lib/lambda/records.ts')
    const to = quotas(table(), {}, now)
    await to.release('p', { volumes: -REQUESTS })

    const released = Promise.all(Array.from({ length: REQUESTS }, () => to.release('p', { volumes: 1 })))
    await new Promise((resolve) => setTimeout(resolve, 50))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4_500)
    await released

    expect((await to.read('p')).used).toEqual({ volumes: 0 })
    table().client.destroy()
  } finally {
    restore()
    await server.close()
  }
})
