import { expect, test } from 'vitest'
import { startCluster } from '../support/cluster.ts'
import { operations, prepare, removals, send } from './operations.ts'
import { everything } from './state.ts'

test.each(Object.entries(operations))(
  '%s, twice at once, ends as one after the other',
  async (_, operation) => {
    await using one = await startCluster(operation)
    await prepare(one, operation)
    await send(one, operation.call)
    await using both = await startCluster(operation)
    await prepare(both, operation)

    const outcomes = await Promise.allSettled([send(both, operation.call), send(both, operation.call)])

    expect(outcomes.map(({ status }) => status)).toContain('fulfilled')
    expect(await everything(both)).toEqual(await everything(one))
  },
)

test.each(removals)('%s of what is not there succeeds', async (method, input) => {
  await using cluster = await startCluster()

  await send(cluster, [method, input])

  expect(cluster.simulator.volumes.size + cluster.simulator.snapshots.size).toBe(0)
})
