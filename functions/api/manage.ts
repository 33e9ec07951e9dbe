import { manageRoutes } from '../../lib/api/manage.ts'
import { api } from '../../lib/lambda/http.ts'

export const handler = api(manageRoutes)
