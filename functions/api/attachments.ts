import { attachmentRoutes } from '../../lib/api/attachments.ts'
import { api } from '../../lib/lambda/http.ts'

export const handler = api(attachmentRoutes)
