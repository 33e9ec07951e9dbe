import { ManageExistingSnapshot, manageExistingSnapshot } from '../../lib/driver/manage-existing-snapshot.ts'
import { operation } from '../../lib/lambda/operation.ts'

export const handler = operation(ManageExistingSnapshot, manageExistingSnapshot)
