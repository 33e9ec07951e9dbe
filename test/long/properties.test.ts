import fc from 'fast-check'
import { afterAll, beforeAll, test, vi } from 'vitest'
import { allAtOnce, connectionsAtOnce, inSequence } from '../property/properties.ts'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { report, runs, seed } from './settings.ts'

let cluster: Cluster
beforeAll(async () => {
  cluster = await startCluster()
  vi.spyOn(Math, 'random').mockReturnValue(0)
})
afterAll(async () => {
  vi.restoreAllMocks()
  await cluster[Symbol.asyncDispose]()
})

const properties = {
  'any operations in any order, whatever goes wrong on the way, leave what a plain model says': inSequence,
  'any operations at once leave what some order of those that succeeded would': allAtOnce,
  'connections made and ended at once leave a book that says what the cluster has': connectionsAtOnce,
}

test.each(Object.entries(properties))('%s', async (what, property) => {
  await fc.assert<any>(property(cluster), { seed, numRuns: runs })
  report(what, { runs })
})
