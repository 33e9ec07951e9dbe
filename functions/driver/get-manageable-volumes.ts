import { GetManageableVolumes, getManageableVolumes } from '../../lib/driver/get-manageable-volumes.ts'
import { operation } from '../../lib/lambda/operation.ts'

export const handler = operation(GetManageableVolumes, getManageableVolumes)
