import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { aContext, anHttpEvent, nameOf, snapshotNameOf } from '../support/makers.ts'
import { leaksIn, wrongWith } from './hostile/judge.ts'
import { type Operation, readOperations } from './hostile/operations.ts'
import { listen } from './hostile/output.ts'
import { predict } from './hostile/prediction.ts'
import type { Request } from './hostile/requests.ts'
import { report, requests, seed } from './settings.ts'

/** Requests drawn for an operation before it is the next one's turn. */
const TURN = 10

let cluster: Cluster
let operations: Operation[]
beforeAll(async () => {
  cluster = await startCluster()
  Object.assign(process.env, {
    SP_API_HTTP_HOST: '127.0.0.1',
    SP_API_HTTP_PORT: String(cluster.simulator.port),
    SP_AUTH_TOKEN: cluster.simulator.token,
    TABLE_NAME: cluster.table.name,
    QUEUE_URL: 'http://127.0.0.1:9/none',
    HOSTS: JSON.stringify({ 'host-1': { clientId: 1 }, 'host-2': { clientId: 2 } }),
    LOG_LEVEL: 'debug',
  })
  operations = await readOperations()
})
afterAll(() => cluster[Symbol.asyncDispose]())

/** The global ids of what is there, in place of those an input was drawn with. */
const located = (text: string): string =>
  text.replaceAll(/gid\.of\.([vs]\d)/g, (whole, id: string) => {
    const { volumes, snapshots } = cluster.simulator
    return (volumes.get(nameOf(id)) ?? snapshots.get(snapshotNameOf(id)))?.globalId ?? whole
  })

const send = ({ name, handler }: Operation, { body, contentType, isBase64 }: Request) => {
  const event = anHttpEvent('POST', `/driver/${name}`)
  return handler(
    {
      ...event,
      headers: contentType === undefined ? {} : { 'content-type': contentType },
      ...(body === undefined ? {} : { body }),
      isBase64Encoded: isBase64,
    },
    { ...aContext(name), awsRequestId: 'request' },
  )
}

test('what is sent is answered as its schema predicts, whatever it is, and gives nothing away', async () => {
  const output = listen()
  const wrong: string[] = []
  const counts: Record<string, number> = { requests: 0, invalid: 0 }
  const { simulator } = cluster
  const rounds = Math.ceil(requests / operations.length / TURN)
  for (let round = 0; round < rounds; round++) {
    for (const [n, operation] of operations.entries()) {
      simulator.reset()
      for (const drawn of fc.sample(operation.requests, { seed: seed + round * 1009 + n, numRuns: TURN })) {
        const request =
          drawn.body === undefined || drawn.isBase64 ? drawn : { ...drawn, body: located(drawn.body) }
        const prediction = predict(request, operation.Input)
        const before = simulator.calls.length
        const answer = await send(operation, request)
        const said = output.taken()
        const calls = simulator.calls.length - before
        const problem =
          wrongWith(answer, prediction, simulator.token) ??
          (prediction !== 'by state' && calls > 0 ? `${calls} calls of StorPool's` : undefined) ??
          said.flatMap((line) => leaksIn(line, simulator.token))[0]
        counts.requests = (counts.requests ?? 0) + 1
        counts[`${answer.statusCode}`] = (counts[`${answer.statusCode}`] ?? 0) + 1
        if (prediction !== 'by state') counts.invalid = (counts.invalid ?? 0) + 1
        if (problem !== undefined && wrong.length < 20)
          wrong.push(
            `${operation.name} ${JSON.stringify(request).slice(0, 600)}: ${problem}: ${answer.statusCode} ${answer.body?.slice(0, 400)} ${said.slice(0, 2000)}`,
          )
      }
    }
  }
  output.stop()
  report('hostile input', counts)
  expect(wrong, `LONG_SEED=${seed}`).toEqual([])
})
