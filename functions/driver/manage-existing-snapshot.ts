import { ManageExistingSnapshot, manageExistingSnapshot } from '../../lib/driver/manage-existing-snapshot.ts'
import { attachingOperation } from '../../lib/lambda/attaching.ts'

export const handler = attachingOperation(ManageExistingSnapshot, manageExistingSnapshot)
