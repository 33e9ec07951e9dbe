import { UnmanageSnapshot, unmanageSnapshot } from '../../lib/driver/unmanage-snapshot.ts'
import { operation } from '../../lib/lambda/operation.ts'

export const handler = operation(UnmanageSnapshot, unmanageSnapshot)
