import { config } from '../config.ts'
import { logger } from '../log.ts'
import type { Publishing } from '../stats/publish.ts'
import { backendFor } from './backend.ts'
import type { Invocation } from './endpoint.ts'
import { DEFAULT_BACKEND, history } from './history.ts'
import { embeddedMetrics } from './metrics.ts'
import { now } from './records.ts'

/** The backends that are configured, and where their statistics go. */
export const publishing = (invocation: Invocation): Publishing => ({
  backends: [DEFAULT_BACKEND, ...Object.keys(config().BACKENDS)],
  history: history(),
  backend: (name) => backendFor(invocation, name === DEFAULT_BACKEND ? {} : { host: `@${name}` }),
  publish: embeddedMetrics,
  now,
  failed: (backend, error) =>
    logger().error('no statistics', {
      backend,
      reason: error instanceof Error ? error.message : String(error),
    }),
})
