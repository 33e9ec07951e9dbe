import { DriverError } from '../errors.ts'
import type { BlockStorage } from './block-storage.ts'
import { change } from './change.ts'
import type { ServiceRecord } from './record.ts'
import { notFound } from './refusal.ts'
import { OF_ALL } from './types.ts'

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
  /** What an administrator has said of it. */
  readonly said: Pick<ServiceRecord, 'disabled' | 'reason'>
}

const idOf = (binary: string, host: string) => `${binary}:${host}`

/** Where new volumes are put; whoever is disabled gets none. */
const VOLUME = 'cinder-volume'
const SCHEDULER = 'cinder-scheduler'

const known = (storage: Pick<BlockStorage, 'settings'>): readonly { binary: string; host: string }[] => {
  const [host = ''] = storage.settings.service.split('@')
  return [
    { binary: SCHEDULER, host },
    ...serviceNames(storage).map((name) => ({ binary: VOLUME, host: name })),
  ]
}

/** What there is in place of Cinder's services: nothing runs, so a cluster is up that can be worked on. */
export const serviceStates = (storage: BlockStorage): Promise<readonly ServiceState[]> =>
  Promise.all(
    known(storage).map(async ({ binary, host }) => {
      const [isUp, said] = await Promise.all([
        binary === SCHEDULER || storage.isUp(host),
        storage.services.get(idOf(binary, host)),
      ])
      return { binary, host, isUp, said: said ?? { disabled: false, reason: null } }
    }),
  )

/** @param host `host@backend#pool` @throws DriverError InvalidInput: an administrator has said that it gets no new volumes. */
export async function refuseDisabled(storage: BlockStorage, host: string): Promise<void> {
  const [service = ''] = host.split('#')
  const id = idOf(VOLUME, service)
  const said = await storage.kept.services.get(id, () => storage.services.get(id))
  if (!said?.disabled) return
  throw new DriverError(
    'InvalidInput',
    `${service} is disabled${said.reason === null ? '' : `: ${said.reason}`}`,
    {
      remedy: 'Use a type of another backend, or have an administrator enable it.',
    },
  )
}

/** Have a backend get new volumes, or none. @throws ApiError 404 */
export async function sayOf(
  storage: BlockStorage,
  { binary, host }: { readonly binary: string; readonly host: string },
  said: ServiceState['said'],
): Promise<void> {
  if (!known(storage).some((one) => one.binary === binary && one.host === host)) {
    throw notFound(`Service ${binary} on host`, host)
  }
  const id = idOf(binary, host)
  const createdAt = storage.now()
  const record = { id, project: OF_ALL, name: null, createdAt, updatedAt: null, version: 0, ...said }
  const isNew = await storage.services.create(record)
  if (!isNew) await change(storage.services, id, (now) => ({ ...now, ...said, updatedAt: storage.now() }))
  storage.kept.services.forget(id)
}
