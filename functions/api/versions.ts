import { discovery } from '../../lib/lambda/discovery.ts'

export const handler = discovery
