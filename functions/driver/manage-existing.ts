import { ManageExisting, manageExisting } from '../../lib/driver/manage-existing.ts'
import { attachingOperation } from '../../lib/lambda/attaching.ts'

export const handler = attachingOperation(ManageExisting, manageExisting)
