import { RevertToSnapshot, revertToSnapshot } from '../../lib/driver/revert-to-snapshot.ts'
import { attachingOperation } from '../../lib/lambda/attaching.ts'

export const handler = attachingOperation(RevertToSnapshot, revertToSnapshot)
