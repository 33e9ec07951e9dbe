import { actionRoutes } from '../../lib/api/volume-action.ts'
import { api } from '../../lib/lambda/http.ts'

export const handler = api(actionRoutes)
