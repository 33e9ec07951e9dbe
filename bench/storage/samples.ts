import { loadNow } from '../jobs/samples.ts'
import type { StorageSamples } from './measure.ts'

/** How long, and how many. */
export const storageSamples = (quick: boolean): StorageSamples => ({
  load: loadNow(),
  ...(quick
    ? { seconds: 1, projects: [2000, 6000] as const, volumes: 300 }
    : { seconds: 8, projects: [2000, 100_000] as const, volumes: 10_000 }),
})
