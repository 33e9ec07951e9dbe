import { typeRoutes } from '../../lib/api/types.ts'
import { api } from '../../lib/lambda/http.ts'

export const handler = api(typeRoutes)
