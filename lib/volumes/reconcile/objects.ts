import { type Listed, listObjects } from '../../driver/inventory.ts'
import { amendOn } from '../begin-on.ts'
import { volumeKind } from '../carry-out.ts'
import { serviceNames } from '../services.ts'
import type { Census, Kept } from './census.ts'
import type { Looking } from './findings.ts'

/**
 * What is on the clusters beside what the records say. Objects with our tags and without a record are told of and never
 * removed: driver operations make such, and keep no records.
 */
export async function compareObjects(looking: Looking, census: Census): Promise<boolean> {
  const { storage } = looking
  const [volumes, snapshots] = [new Set<string>(), new Set<string>()]
  for (const service of serviceNames(storage)) {
    const backend = await storage.backend(service)
    const there = await listObjects(backend)
    for (const { globalId } of there.volumes) volumes.add(globalId)
    for (const { globalId } of there.snapshots) snapshots.add(globalId)
    await tellOfStrays(looking, there.volumes, census.volumes, storage.volumes)
    await tellOfStrays(looking, there.snapshots, census.snapshots, storage.snapshots)
  }
  await tellOfMissing(looking, 'volume', census.volumes, volumes)
  await tellOfMissing(looking, 'snapshot', census.snapshots, snapshots)
  return !looking.isOver()
}

async function tellOfStrays(
  { found, isOver }: Looking,
  there: readonly Listed[],
  recorded: ReadonlyMap<string, Kept>,
  records: { get(id: string): Promise<object | undefined> },
): Promise<void> {
  for (const { id, name } of there) {
    if (isOver()) return
    if (id === undefined || recorded.has(id) || (await records.get(id)) !== undefined) continue
    found({ kind: 'no-record', id, text: `${name} is on the cluster and has no record`, mended: false })
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
