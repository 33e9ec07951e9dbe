import { GetPool, getPool } from '../../lib/driver/get-pool.ts'
import { operation } from '../../lib/lambda/operation.ts'

export const handler = operation(GetPool, getPool)
