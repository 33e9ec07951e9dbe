import { type Route, route } from './route.ts'

export const zoneRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: 'os-availability-zone',
    summary: 'List the availability zones',
    rule: 'zone:get',
    run: async ({ storage }) => ({
      availabilityZoneInfo: [{ zoneName: storage.settings.zone, zoneState: { available: true } }],
    }),
  }),
]
