import { randomUUID } from 'node:crypto'
import type { Route } from '../../../lib/api/route.ts'
import { type As, type BlockStorageSystem, project } from '../../support/block-storage.ts'

/** Ids of things that are there, by the kind that a path begins with. */
export type Things = Readonly<Record<string, string>>

/** The id of what is not there. */
export const nobody = '00000000-0000-4000-8000-000000000000'

/** One of each, for one call to be tried on. */
export const someThings = async (system: BlockStorageSystem, as: As): Promise<Things> => {
  const made = async (kind: string, body: object) =>
    Object.values<any>((await system.call('POST', `/${kind}`, body, as)).body)[0].id
  const metadata = { key: 'value' }
  const volumes = (await system.aVolume({ metadata }, as)).id
  return {
    volumes,
    snapshots: await made('snapshots', { snapshot: { volume_id: volumes, metadata } }),
    attachments: await made('attachments', {
      attachment: { volume_uuid: volumes, connector: { host: 'host-1' } },
    }),
    types: await made('types', { volume_type: { name: randomUUID(), extra_specs: metadata } }),
  }
}

/** A path to what is there, where it can be said what that would be. */
export const pathTo = ({ path }: Route, things: Things): string => {
  const [kind = ''] = path.split('/')
  const named: Things = { id: things[kind] ?? nobody, key: 'key', project, host: 'cinderless@default' }
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => named[name] ?? 'default')
}

/** Whether what a call is tried on may be gone afterwards. */
export const takesAway = ({ method, path }: Route): boolean => method === 'DELETE' || path.endsWith('/action')
