import { serviceRoutes } from '../../lib/api/service.ts'
import { api } from '../../lib/lambda/http.ts'

export const handler = api(serviceRoutes)
