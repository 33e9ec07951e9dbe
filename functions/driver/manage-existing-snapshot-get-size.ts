import {
  ManageExistingSnapshotGetSize,
  manageExistingSnapshotGetSize,
} from '../../lib/driver/manage-existing-snapshot-get-size.ts'
import { operation } from '../../lib/lambda/operation.ts'

export const handler = operation(ManageExistingSnapshotGetSize, manageExistingSnapshotGetSize)
