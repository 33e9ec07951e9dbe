import { ManageExistingGetSize, manageExistingGetSize } from '../../lib/driver/manage-existing-get-size.ts'
import { operation } from '../../lib/lambda/operation.ts'

export const handler = operation(ManageExistingGetSize, manageExistingGetSize)
