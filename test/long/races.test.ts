import fc from 'fast-check'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { methods } from '../conformance/methods.ts'
import { type Ending, emptyModel, type Model } from '../property/model.ts'
import { inputFor } from '../property/records.ts'
import { carryOut } from '../property/sequence.ts'
import { closeStep, fault, type Step } from '../property/steps.ts'
import { expectSound } from '../property/world.ts'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { nameOf, snapshotNameOf } from '../support/makers.ts'
import { raceSeconds, report, seed } from './settings.ts'

const CLIENTS = 12
const ids = ['v1', 'v2', 'v3', 's1', 's2', 's3']
/** After these a queue delivers again. */
const open: ReadonlySet<Ending> = new Set<Ending>([
  'OutcomeUnknown',
  'BackendUnavailable',
  'VolumeBackendError',
  'InsufficientCapacity',
])

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster[Symbol.asyncDispose]())

/** What a caller's records could hold at this moment. */
const records = (): Model => {
  const { volumes, snapshots } = cluster.simulator
  const locations = ids.flatMap((id): [string, string][] => {
    const there = volumes.get(nameOf(id)) ?? snapshots.get(snapshotNameOf(id))
    return there === undefined ? [] : [[id, there.globalId]]
  })
  return { ...emptyModel(), locations: new Map(locations) }
}

const counts: Record<string, number> = {}
const count = (what: string) => {
  counts[what] = (counts[what] ?? 0) + 1
}

const deliver = async ({ operation, input }: Step): Promise<void> => {
  if (operation === 'write') return
  const filled = inputFor(records(), input)
  for (;;) {
    const { ending } = await carryOut(cluster.backend, operation, filled)
    count(ending)
    if (!open.has(ending)) return
  }
}

test('clients that race for a while, with faults on the way, leave a book that says what the cluster has', async () => {
  const end = Date.now() + raceSeconds * 1000
  const isOver = () => Date.now() > end
  await Promise.all(
    Array.from({ length: CLIENTS }, async (_, client) => {
      for (let round = 0; !isOver(); round++) {
        const steps = fc.sample(closeStep, { seed: seed + client + round * CLIENTS, numRuns: 20 })
        const [drawn] = fc.sample(fault, { seed: seed + round, numRuns: 1 })
        if (drawn !== undefined) cluster.simulator.fault(drawn as any)
        for (const step of steps) if (!isOver()) await deliver(step)
      }
    }),
  )
  cluster.simulator.reset()
  report('races', counts)

  await expectSound(cluster)
  const { volumes, snapshots } = cluster.simulator
  const lasting = [
    ...volumes.keys(),
    ...cluster.simulator.state().snapshots.flatMap(({ name, transient }) => (transient ? [] : name)),
  ]
  expect([...ids.map(nameOf), ...ids.map(snapshotNameOf)]).toEqual(expect.arrayContaining(lasting))
  for (const { globalId: provider_location } of [...volumes.values()]) {
    const volume = { id: 'any', provider_location }
    await methods.terminate_connection(cluster.backend, { volume })
    await methods.delete_volume(cluster.backend, { volume })
  }
  for (const id of ids) await methods.delete_snapshot(cluster.backend, { snapshot: { id } })
  // A deleted snapshot goes in the background, and the hidden one it is a child of goes with it.
  await vi.waitFor(() => {
    expect(cluster.simulator.state()).toEqual({ volumes: [], snapshots: [], attachments: [] })
    expect(snapshots.size).toBe(0)
  })
})
