import { request as ask, createServer } from 'node:http'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { atVersion, isNew, isWritten } from '../../lib/store/condition.ts'
import { quotas } from '../../lib/store/quotas.ts'
import { openTable, putItem, readItem, removeItem, type Table } from '../../lib/store/table.ts'
import { emptyTable, startTable } from '../support/table.ts'

let storage: Awaited<ReturnType<typeof startTable>>
beforeAll(async () => {
  storage = await startTable()
})
afterAll(() => storage[Symbol.asyncDispose]())
beforeEach(() => emptyTable(storage.table))

type Loss = 'cut off' | 'never sent'

/** A way to the table on which the answer of the first request is lost, after it was carried out. */
const lossyWay = async (loss: Loss, meanwhile: () => Promise<unknown> = async () => {}) => {
  const requests: string[] = []
  const server = createServer((request, response) => {
    const { url = '/', method, headers } = request
    requests.push(String(headers['x-amz-target']))
    const isFirst = requests.length === 1
    const onward = ask(new URL(url, process.env.AWS_ENDPOINT_URL_DYNAMODB), { method, headers }, (answer) => {
      const lose = async () => {
        await meanwhile()
        if (loss === 'cut off') response.destroy()
      }
      if (isFirst) answer.resume().once('end', () => void lose())
      else answer.pipe(response.writeHead(answer.statusCode ?? 0, answer.headers))
    })
    request.pipe(onward)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const table: Table = openTable('cinderless', { endpoint: `http://127.0.0.1:${port}` })
  return {
    table,
    requests,
    [Symbol.asyncDispose]: async () => {
      table.client.destroy()
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}

test.each<Loss>(['cut off', 'never sent'])(
  'a write whose answer is %s is made once, and known to be',
  async (loss) => {
    await using way = await lossyWay(loss)

    expect(
      await isWritten(putItem(way.table, { pk: 'a', version: 0, deep: { list: [1, 0.5] } }, isNew)),
    ).toBe(true)

    expect(way.requests).toHaveLength(3)
    expect(await readItem(storage.table, { pk: 'a' })).toEqual({
      pk: 'a',
      version: 0,
      deep: { list: [1, 0.5] },
    })
  },
)

test('so is a removal', async () => {
  await putItem(storage.table, { pk: 'a', version: 1 })
  await using way = await lossyWay('cut off')

  expect(await isWritten(removeItem(way.table, { pk: 'a' }, atVersion(1)))).toBe(true)

  expect(await readItem(storage.table, { pk: 'a' })).toBeUndefined()
})

test('who was overtaken meanwhile has not written', async () => {
  await putItem(storage.table, { pk: 'a', version: 1, by: 'nobody' })
  const other = { pk: 'a', version: 2, by: 'another' }
  await using way = await lossyWay('cut off', () => putItem(storage.table, other))

  expect(await isWritten(putItem(way.table, { pk: 'a', version: 2, by: 'me' }, atVersion(1)))).toBe(false)

  expect(await readItem(storage.table, { pk: 'a' })).toEqual(other)
})

test('a project whose first count was answered by nobody is counted once, and among those with a quota', async () => {
  await using way = await lossyWay('cut off')
  const to = quotas(way.table, {}, () => '2026-11-22T12:00:00.000Z')

  expect(await to.reserve('p', 'r', { volumes: 1 })).toBeUndefined()

  expect(await to.read('p')).toMatchObject({ changes: 1, used: { volumes: 1 } })
  expect(await to.projects()).toEqual(['p'])
})
