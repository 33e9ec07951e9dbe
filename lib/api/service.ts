import { extensionRoutes } from './extensions.ts'
import { limitRoutes } from './limits.ts'
import { manageRoutes } from './manage.ts'
import { messageRoutes } from './messages.ts'
import { poolRoutes } from './pools.ts'
import { quotaRoutes } from './quota-sets.ts'
import type { Route } from './route.ts'
import { hostRoutes } from './services.ts'
import { zoneRoutes } from './zones.ts'

/** The families that are too small for a function of their own. */
export const serviceRoutes: readonly Route[] = [
  ...limitRoutes,
  ...quotaRoutes,
  ...zoneRoutes,
  ...hostRoutes,
  ...poolRoutes,
  ...manageRoutes,
  ...messageRoutes,
  ...extensionRoutes,
]
