import { ManageExisting, manageExisting } from '../../lib/driver/manage-existing.ts'
import { operation } from '../../lib/lambda/operation.ts'

export const handler = operation(ManageExisting, manageExisting)
