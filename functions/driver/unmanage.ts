import { Unmanage, unmanage } from '../../lib/driver/unmanage.ts'
import { attachingOperation } from '../../lib/lambda/attaching.ts'

export const handler = attachingOperation(Unmanage, unmanage)
