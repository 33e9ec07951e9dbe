import { DeleteSnapshot, deleteSnapshot } from '../../lib/driver/delete-snapshot.ts'
import { operation } from '../../lib/lambda/operation.ts'

export const handler = operation(DeleteSnapshot, deleteSnapshot)
