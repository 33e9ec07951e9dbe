import { DeleteGroupSnapshot, deleteGroupSnapshot } from '../../lib/driver/delete-group-snapshot.ts'
import { operation } from '../../lib/lambda/operation.ts'

export const handler = operation(DeleteGroupSnapshot, deleteGroupSnapshot)
