import { attachmentRoutes } from '../../lib/api/attachments.ts'
import { manageRoutes } from '../../lib/api/manage.ts'
import type { Route } from '../../lib/api/route.ts'
import { serviceRoutes } from '../../lib/api/service.ts'
import { snapshotRoutes } from '../../lib/api/snapshots.ts'
import { typeRoutes } from '../../lib/api/types.ts'
import { actionRoutes } from '../../lib/api/volume-action.ts'
import { volumeRoutes } from '../../lib/api/volumes.ts'

/** Every call of Block Storage; of two that a path fits, the first is meant. */
export const apiRoutes: readonly Route[] = [
  ...volumeRoutes,
  ...actionRoutes,
  ...snapshotRoutes,
  ...attachmentRoutes,
  ...typeRoutes,
  ...manageRoutes,
  ...serviceRoutes,
]
