import fc from 'fast-check'
import { afterAll, beforeAll, test, vi } from 'vitest'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { allAtOnce, connectionsAtOnce, inSequence } from './properties.ts'

// fast-check prints the seed of a run that fails, and the shortest steps it failed with.
let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
  // How long a client waits between its tries is drawn: here it is always nothing.
  vi.spyOn(Math, 'random').mockReturnValue(0)
})
afterAll(async () => {
  vi.restoreAllMocks()
  await cluster[Symbol.asyncDispose]()
})

test('any operations in any order, whatever goes wrong on the way, leave what a plain model says', () =>
  fc.assert(inSequence(cluster), { numRuns: 30 }))

test('any operations at once leave what some order of those that succeeded would', () =>
  fc.assert(allAtOnce(cluster), { numRuns: 60 }))

test('connections made and ended at once leave a book that says what the cluster has', () =>
  fc.assert(connectionsAtOnce(cluster), { numRuns: 40 }))
