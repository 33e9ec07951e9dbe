import {
  CreateVolumeFromSnapshot,
  createVolumeFromSnapshot,
} from '../../lib/driver/create-volume-from-snapshot.ts'
import { operation } from '../../lib/lambda/operation.ts'

export const handler = operation(CreateVolumeFromSnapshot, createVolumeFromSnapshot)
