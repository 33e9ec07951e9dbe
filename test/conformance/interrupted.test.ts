import { expect, test } from 'vitest'
import { startCluster } from '../support/cluster.ts'
import { operations, prepare, send } from './operations.ts'
import { everything } from './state.ts'

const onceMore = 'a queue would deliver it again'

test.each(Object.entries(operations))(
  '%s, cut off after any call and run again, ends the same',
  async (_, operation) => {
    await using whole = await startCluster(operation)
    await prepare(whole, operation)
    await send(whole, operation.call)

    for (const n of whole.simulator.calls.keys()) {
      await using cut = await startCluster(operation)
      await prepare(cut, operation)
      cut.simulator.loseAnswer(n)
      await send(cut, operation.call).catch(() => onceMore)
      await send(cut, operation.call)
      expect(await everything(cut)).toEqual(await everything(whole))
    }
  },
)

test.each(Object.entries(operations))('%s, run twice, ends as run once', async (_, operation) => {
  await using once = await startCluster(operation)
  await prepare(once, operation)
  await send(once, operation.call)
  await using twice = await startCluster(operation)
  await prepare(twice, operation)
  await send(twice, operation.call)
  await send(twice, operation.call)

  expect(await everything(twice)).toEqual(await everything(once))
})
