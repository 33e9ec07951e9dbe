import { UnmanageSnapshot, unmanageSnapshot } from '../../lib/driver/unmanage-snapshot.ts'
import { attachingOperation } from '../../lib/lambda/attaching.ts'

export const handler = attachingOperation(UnmanageSnapshot, unmanageSnapshot)
