import { GetManageableSnapshots, getManageableSnapshots } from '../../lib/driver/get-manageable-snapshots.ts'
import { operation } from '../../lib/lambda/operation.ts'

export const handler = operation(GetManageableSnapshots, getManageableSnapshots)
