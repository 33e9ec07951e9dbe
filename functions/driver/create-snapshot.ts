import { CreateSnapshot, createSnapshot } from '../../lib/driver/create-snapshot.ts'
import { operation } from '../../lib/lambda/operation.ts'

export const handler = operation(CreateSnapshot, createSnapshot)
