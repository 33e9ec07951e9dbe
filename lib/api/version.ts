import { ApiError, badRequest } from '../volumes/refusal.ts'
import type { Versions } from './answers/versions.ts'

/** The newest microversion of Block Storage 3 that is spoken: 3.71. */
export const NEWEST = 71

/**
 * The minor number that the header `OpenStack-API-Version` asks for; without one it is 0.
 *
 * @throws ApiError 400: unreadable, or it names only other services. 406: not spoken here.
 * @see cinder/api/openstack/wsgi.py set_api_version_request
 */
export function versionOf(header: string | undefined): number {
  if (header === undefined) return 0
  const asked = header
    .split(',')
    .map((part) => part.trim().split(/\s+/))
    .find(([service]) => service === 'volume')
  if (asked === undefined)
    throw badRequest(`API Version String ${header} is of invalid format. Must be of format volume 3.MINOR.`)
  const [, number = ''] = asked
  if (number === 'latest') return NEWEST
  const [, major, minor] = /^(\d{1,4})\.(\d{1,4})$/.exec(number) ?? []
  if (major === undefined || minor === undefined) {
    throw badRequest(
      `API Version String ${number} is of invalid format. Must be of format MajorNum.MinorNum.`,
    )
  }
  if (major !== '3' || Number(minor) > NEWEST) {
    throw new ApiError(
      406,
      `Version ${number} is not supported by the API. Minimum is 3.0 and maximum is 3.${NEWEST}.`,
    )
  }
  return Number(minor)
}

/** One sentence of what this place speaks, for `GET /` and `GET /v3`. @param base address without a path */
export const versions = (base: string): Versions => ({
  versions: [
    {
      id: 'v3.0',
      status: 'CURRENT',
      version: `3.${NEWEST}`,
      min_version: '3.0',
      updated: '2026-03-01T00:00:00Z',
      links: [
        { rel: 'describedby', type: 'text/html', href: `${base}/docs` },
        { rel: 'self', href: `${base}/v3/` },
      ],
      'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.volume+json;version=3' }],
    },
  ],
})
