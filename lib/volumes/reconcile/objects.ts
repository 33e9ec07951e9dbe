import { type AttachingBackend, snapshotName, volumeName } from '../../driver/backend.ts'
import { snapshotsList } from '../../storpool/snapshots.ts'
import { volumesList } from '../../storpool/volumes.ts'
import { amendOn } from '../begin-on.ts'
import { volumeKind } from '../carry-out.ts'
import { serviceNames } from '../services.ts'
import type { Census, Kept } from './census.ts'
import type { Looking } from './findings.ts'

interface Listed {
  readonly name: string
  readonly globalId: string
  readonly tags?: Readonly<Record<string, string>> | undefined
}

/** The id in an object's tags, if its name is the one that is made from it: what operations and jobs make beside is named otherwise. */
const idIn = ({ name, tags }: Listed, nameOf: (id: string) => string): string | undefined => {
  const id = tags?.['cl-id']
  return id !== undefined && name === nameOf(id) ? id : undefined
}

/**
 * What is on the clusters beside what the records say. Objects with our tags and without a record are told of and never
 * removed: driver operations make such, and keep no records.
 */
export async function compareObjects(looking: Looking, census: Census): Promise<boolean> {
  const { storage } = looking
  const [volumes, snapshots] = [new Set<string>(), new Set<string>()]
  for (const service of serviceNames(storage)) {
    const backend = await storage.backend(service)
    const all = await Promise.all([volumesList(backend.storpool), snapshotsList(backend.storpool)])
    for (const { globalId } of all[0]) volumes.add(globalId)
    for (const { globalId, deleted } of all[1]) if (!deleted) snapshots.add(globalId)
    await tellOfStrays(looking, backend, census, all)
  }
  await tellOfMissing(looking, 'volume', census.volumes, volumes)
  await tellOfMissing(looking, 'snapshot', census.snapshots, snapshots)
  return !looking.isOver()
}

async function tellOfStrays(
  { storage, found, isOver }: Looking,
  backend: AttachingBackend,
  census: Census,
  [volumes, snapshots]: readonly [
    readonly Listed[],
    readonly (Listed & { readonly deleted?: boolean | undefined })[],
  ],
): Promise<void> {
  const told = (id: string, name: string) =>
    found({ kind: 'no-record', id, text: `${name} is on the cluster and has no record`, mended: false })
  for (const volume of volumes) {
    if (isOver()) return
    const id = idIn(volume, (one) => volumeName(backend, one))
    if (id === undefined || census.volumes.has(id)) continue
    if ((await storage.volumes.get(id)) === undefined) told(id, volume.name)
  }
  for (const snapshot of snapshots) {
    if (isOver()) return
    const id = idIn(snapshot, (one) => snapshotName(backend, one))
    if (id === undefined || snapshot.deleted || census.snapshots.has(id)) continue
    if ((await storage.snapshots.get(id)) === undefined) told(id, snapshot.name)
  }
}

/** A record may have gone, or its object have been made, since the cluster was asked. */
async function tellOfMissing(
  { storage, found, isOver }: Looking,
  what: 'volume' | 'snapshot',
  records: ReadonlyMap<string, Kept>,
  there: ReadonlySet<string>,
): Promise<void> {
  for (const [id, { globalId, isThere }] of records) {
    if (isOver()) return
    if (!isThere || globalId === null || there.has(globalId)) continue
    const now = await (what === 'volume' ? storage.volumes : storage.snapshots).get(id)
    if (now === undefined || now.work !== null || now.globalId !== globalId) continue
    const text = `${what} ${id} is ${now.status} by its record and not on the cluster`
    found({ kind: 'no-object', id, text, mended: false })
  }
}

/** Snapshots that a volume's record names and that are no more: they would keep it from being deleted. */
export async function mendLinks({ storage, found }: Looking, census: Census): Promise<boolean> {
  for (const [volumeId, { snapshots }] of census.volumes) {
    for (const id of snapshots.filter((one) => !census.snapshots.has(one))) {
      if ((await storage.snapshots.get(id)) !== undefined) continue
      const volume = await storage.volumes.get(volumeId)
      if (volume === undefined || !volume.snapshots.includes(id)) continue
      await amendOn(volumeKind, storage, volume, (now) => ({
        ...now,
        snapshots: now.snapshots.filter((other) => other !== id),
      }))
      found({ kind: 'link', id, text: `volume ${volumeId} has it no more`, mended: true })
    }
  }
  return true
}
