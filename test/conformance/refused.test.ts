import { expect, test } from 'vitest'
import { startCluster } from '../support/cluster.ts'
import { operations, prepare, send } from './operations.ts'
import { everything } from './state.ts'

const refused = 'for good'

test.each(Object.entries(operations))(
  '%s, refused for good at any call, leaves nothing half-made',
  async (_, operation) => {
    await using whole = await startCluster(operation)
    await prepare(whole, operation)
    const before = await everything(whole)
    await send(whole, operation.call)
    const after = await everything(whole)

    for (const n of whole.simulator.calls.keys()) {
      await using cluster = await startCluster(operation)
      await prepare(cluster, operation)
      cluster.simulator.refuse(n, 'internalError')
      const outcome = await send(cluster, operation.call).then(
        () => 'done',
        () => refused,
      )
      const left = await everything(cluster)
      if (operation.mendedByRepeat?.includes(n)) {
        await send(cluster, operation.call)
        expect(await everything(cluster)).toEqual(after)
      } else {
        expect(left).toEqual(outcome === refused ? before : after)
      }
    }
  },
)
