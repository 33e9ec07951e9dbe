import { endpoint } from '../../lib/lambda/endpoint.ts'
import { reconcileNow } from '../../lib/lambda/reconciling.ts'

export const handler = endpoint(reconcileNow)
