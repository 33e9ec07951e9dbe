import { CreateGroupSnapshot, createGroupSnapshot } from '../../lib/driver/create-group-snapshot.ts'
import { operation } from '../../lib/lambda/operation.ts'

export const handler = operation(CreateGroupSnapshot, createGroupSnapshot)
