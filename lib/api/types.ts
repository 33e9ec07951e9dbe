import type { Route } from './route.ts'

export const typeRoutes: readonly Route[] = []
