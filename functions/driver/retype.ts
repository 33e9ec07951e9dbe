import { Retype, retype } from '../../lib/driver/retype.ts'
import { operation } from '../../lib/lambda/operation.ts'

export const handler = operation(Retype, retype)
