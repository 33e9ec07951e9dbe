import { volumeRoutes } from '../../lib/api/volumes.ts'
import { api } from '../../lib/lambda/http.ts'

export const handler = api(volumeRoutes)
