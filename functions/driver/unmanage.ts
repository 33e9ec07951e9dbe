import { Unmanage, unmanage } from '../../lib/driver/unmanage.ts'
import { operation } from '../../lib/lambda/operation.ts'

export const handler = operation(Unmanage, unmanage)
