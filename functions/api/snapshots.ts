import { snapshotRoutes } from '../../lib/api/snapshots.ts'
import { api } from '../../lib/lambda/http.ts'

export const handler = api(snapshotRoutes)
