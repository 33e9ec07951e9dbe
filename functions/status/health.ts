import { backendFor } from '../../lib/lambda/backend.ts'
import { endpoint } from '../../lib/lambda/endpoint.ts'
import { parametersOf } from '../../lib/lambda/event.ts'
import { clusterHealth, GetHealth } from '../../lib/stats/health.ts'

export const handler = endpoint(async (event, invocation) =>
  clusterHealth(await backendFor(invocation, parametersOf(event, GetHealth))),
)
