import type { BlockStorage } from './block-storage.ts'

/** `host@backend` of every configured cluster, the default one first. */
export const serviceNames = ({ settings }: Pick<BlockStorage, 'settings'>): readonly string[] => {
  const [host] = settings.service.split('@')
  return [settings.service, ...settings.backends.map((name) => `${host}@${name}`)]
}

/** As clients look for services: the one that takes calls and places volumes, and one for each cluster. */
export interface ServiceState {
  readonly binary: string
  readonly host: string
  readonly isUp: boolean
}

/** What there is in place of Cinder's services: nothing runs, so a cluster is up that can be worked on. */
export async function serviceStates(storage: BlockStorage): Promise<readonly ServiceState[]> {
  const [host = ''] = storage.settings.service.split('@')
  const volumes = await Promise.all(
    serviceNames(storage).map(async (name) => ({
      binary: 'cinder-volume',
      host: name,
      isUp: await storage.isUp(name),
    })),
  )
  return [{ binary: 'cinder-scheduler', host, isUp: true }, ...volumes]
}
