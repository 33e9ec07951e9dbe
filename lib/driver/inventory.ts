import { attachmentsList } from '../storpool/attachments.ts'
import { snapshotSummary, snapshotsList } from '../storpool/snapshots.ts'
import { volumeSummary, volumesList } from '../storpool/volumes.ts'
import { type Backend, snapshotName, volumeName } from './backend.ts'
import { deleteSnapshot } from './delete-snapshot.ts'
import { deleteVolume } from './delete-volume.ts'
import { orAbsent } from './settle.ts'

interface Tagged {
  readonly name: string
  readonly globalId: string
  readonly tags?: Readonly<Record<string, string>> | undefined
}

/** Something on the cluster. */
export interface Listed {
  readonly name: string
  readonly globalId: string
  /** The id it was made for, where its tags and its name both say so: what is made beside is named otherwise. */
  readonly id: string | undefined
}

const listed = ({ name, globalId, tags }: Tagged, nameOf: (id: string) => string): Listed => {
  const id = tags?.['cl-id']
  return { name, globalId, id: id !== undefined && name === nameOf(id) ? id : undefined }
}

/** All volumes and snapshots of a cluster, thousands of them: for a schedule, never for a request somebody waits for. */
export async function listObjects(
  backend: Backend,
): Promise<{ readonly volumes: Listed[]; readonly snapshots: Listed[] }> {
  const [volumes, snapshots] = await Promise.all([
    volumesList(backend.storpool),
    snapshotsList(backend.storpool),
  ])
  return {
    volumes: volumes.map((one) => listed(one, (id) => volumeName(backend, id))),
    snapshots: snapshots
      .filter(({ deleted }) => !deleted)
      .map((one) => listed(one, (id) => snapshotName(backend, id))),
  }
}

/** Which clients have which volume or snapshot attached, by global id: all of a cluster. */
export async function listAttached(backend: Backend): Promise<Map<string, Set<number>>> {
  const attached = new Map<string, Set<number>>()
  for (const { globalId = '', client } of await attachmentsList(backend.storpool))
    attached.set(globalId, (attached.get(globalId) ?? new Set()).add(client))
  return attached
}

/** What bears the name that a volume or a snapshot of an id has. */
export interface Named {
  readonly name: string
  /** Whether its tags say that it was made for that id, in that project. */
  isFor(project: string): boolean
  /** @throws DriverError VolumeIsBusy, SnapshotIsBusy */
  remove(): Promise<void>
}

/** The volume and the snapshot of an id, those that are there. */
export async function namedAfter(backend: Backend, id: string): Promise<Named[]> {
  const [volume, snapshot] = await Promise.all([
    orAbsent(volumeSummary(backend.storpool, volumeName(backend, id))),
    orAbsent(snapshotSummary(backend.storpool, snapshotName(backend, id))),
  ])
  const named = ({ name, tags }: Tagged, remove: () => Promise<void>): Named => ({
    name,
    isFor: (project) => tags?.['cl-id'] === id && tags['cl-project'] === project,
    remove,
  })
  return [
    ...(volume === undefined
      ? []
      : [named(volume, () => deleteVolume(backend, { volume: { id, provider_location: volume.globalId } }))]),
    ...(snapshot === undefined || snapshot.deleted
      ? []
      : [
          named(snapshot, () =>
            deleteSnapshot(backend, { snapshot: { id, provider_location: snapshot.globalId } }),
          ),
        ]),
  ]
}
