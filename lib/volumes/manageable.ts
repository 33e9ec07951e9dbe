import { snapshotName, volumeName } from '../driver/backend.ts'
import { getManageableSnapshots } from '../driver/get-manageable-snapshots.ts'
import { getManageableVolumes } from '../driver/get-manageable-volumes.ts'
import { poolOf } from '../driver/get-pool.ts'
import type { Manageable } from '../driver/manageable.ts'
import type { AnyRecord, BlockStorage, Records } from './block-storage.ts'
import { knownService } from './manage.ts'

/** Which part of the list is wanted. */
export interface ManageablePage {
  /** `host@backend`, or with `#pool` what is in that pool alone. */
  readonly host: string
  /** A `source-name`: what comes after it. */
  readonly marker: string | undefined
  readonly limit: number
  readonly offset: number
  readonly sort_keys: ('reference' | 'size')[]
  readonly sort_dirs: ('asc' | 'desc')[]
}

const DEFAULT_POOL = poolOf(undefined)
/** Every one that the driver lists: what is asked for is cut out once pools and records have been looked at. */
const ALL = 10_000

/** What bears one of our names and has a record is ours, whatever its tags say: Cinder's own driver writes none. */
const known = async <T extends AnyRecord>(
  entry: Manageable,
  name: (id: string) => string,
  records: Records<T>,
): Promise<Manageable> => {
  if (entry.cinder_id !== null) return entry
  const [, id] = /([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(entry.reference['source-name']) ?? []
  const isOurs = id !== undefined && name(id) === entry.reference['source-name'] && (await records.get(id))
  if (!isOurs) return entry
  return { ...entry, safe_to_manage: false, reason_not_safe: 'already managed', cinder_id: id }
}

/** The default pool is all of the cluster: what is in a template is in that one's pool, too. */
const inPool = (host: string) => {
  const [, pool = DEFAULT_POOL] = host.split('#')
  return ({ extra_info }: Manageable) => pool === DEFAULT_POOL || poolOf(extra_info?.template) === pool
}

/** Volumes or snapshots of a cluster, as something that could be managed. @throws ApiError 400: no such service. */
export async function manageableOf(
  storage: BlockStorage,
  kind: 'volume' | 'snapshot',
  { host, limit, offset, ...asked }: ManageablePage,
): Promise<Manageable[]> {
  const backend = await storage.backend(knownService(storage, host))
  const all = { ...asked, limit: ALL, offset: 0 }
  const found =
    kind === 'volume'
      ? (await getManageableVolumes(backend, { cinder_volumes: [], ...all })).volumes
      : (await getManageableSnapshots(backend, { cinder_snapshots: [], ...all })).snapshots
  const page = found.filter(inPool(host)).slice(offset, offset + limit)
  return Promise.all(
    page.map((entry) =>
      kind === 'volume'
        ? known(entry, (id) => volumeName(backend, id), storage.volumes)
        : known(entry, (id) => snapshotName(backend, id), storage.snapshots),
    ),
  )
}
