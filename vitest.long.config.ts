import { defineConfig } from 'vitest/config'

/** What takes minutes: hostile input, races, and the properties with many runs. `npm test` has the short ones. */
export default defineConfig({
  test: {
    include: ['test/long/**/*.test.ts'],
    testTimeout: 900_000,
    hookTimeout: 240_000,
    maxWorkers: 2,
    // Each file prints its seed and its counts.
    disableConsoleIntercept: true,
  },
})
