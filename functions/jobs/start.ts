import { consumer } from '../../lib/lambda/consumer.ts'
import { consuming } from '../../lib/lambda/starter.ts'

export const handler = consumer(consuming)
