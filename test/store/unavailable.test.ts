import { createServer } from 'node:http'
import { expect, test } from 'vitest'
import { failureOf } from '../../lib/jobs/failure.ts'
import { jobRecords } from '../../lib/store/jobs.ts'
import { openTable } from '../../lib/store/table.ts'

/** What a step's failure means that meets a table which answers like this. */
const met = async (status: number, type: string) => {
  const server = createServer((request, response) => {
    request.resume()
    if (status === 0) response.destroy()
    else response.writeHead(status, { 'x-amzn-errortype': type }).end(JSON.stringify({ __type: type }))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const table = openTable('t', {
    endpoint: `http://127.0.0.1:${port}`,
    region: 'local',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
  })
  const records = jobRecords(table, () => 'now')
  try {
    return await records.get('j').then(() => 'answered', failureOf)
  } finally {
    table.client.destroy()
    server.close()
  }
}

test.each([
  [0, 'cut off'],
  [500, 'InternalServerError'],
  [503, 'ServiceUnavailable'],
  [400, 'ThrottlingException'],
  [400, 'ProvisionedThroughputExceededException'],
])('a table that answers %i %s is asked again: no job ends by it', async (status, type) => {
  expect(await met(status, type)).toMatchObject({ name: 'OutcomeUnknown', retry: true })
})

test('a table that refuses for good ends a job at once', async () => {
  expect(await met(400, 'ValidationException')).toMatchObject({ name: 'VolumeBackendError', retry: false })
  expect(await met(400, 'AccessDeniedException')).toMatchObject({ name: 'VolumeBackendError', retry: false })
})
