import { defineConfig } from 'vitest/config'

/** Against Debian's own Keystone and Glance, which the set-up starts on loopback and stops afterwards. */
export default defineConfig({
  test: {
    include: ['test/openstack/**/*.test.ts'],
    globalSetup: ['test/openstack/set-up.ts'],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    // One Keystone and one Glance, of one process each.
    maxWorkers: 1,
    disableConsoleIntercept: true,
  },
})
