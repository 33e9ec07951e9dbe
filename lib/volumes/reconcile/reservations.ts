import { type AttachingBackend, snapshotName, volumeName } from '../../driver/backend.ts'
import { deleteSnapshot } from '../../driver/delete-snapshot.ts'
import { deleteVolume } from '../../driver/delete-volume.ts'
import { orAbsent } from '../../driver/settle.ts'
import { inDriversWords } from '../../drivers-words.ts'
import { snapshotSummary } from '../../storpool/snapshots.ts'
import { volumeSummary } from '../../storpool/volumes.ts'
import { serviceNames } from '../services.ts'
import type { Census } from './census.ts'
import { DEAD_MS, isOlder, type Looking } from './findings.ts'

/**
 * Quota that calls had reserved and neither used nor gave back. What such a call may have made on the cluster bears the id
 * of the reservation; it is removed if its tags say that it is that very thing.
 */
export async function endReservations(looking: Looking, census: Census, project: string): Promise<void> {
  const { quotas, volumes, snapshots } = looking.storage
  const { reservations } = await quotas.read(project)
  const worked = new Set([...census.volumes.values(), ...census.snapshots.values()].map(({ work }) => work))
  for (const [id, { since, amounts }] of Object.entries(reservations)) {
    if (looking.isOver()) return
    if (!isOlder(looking.storage, since, DEAD_MS) || worked.has(id)) continue
    const record = (await volumes.get(id)) ?? (await snapshots.get(id))
    if (record?.work?.id === id) continue
    const tell = (text: string, mended: boolean) =>
      looking.found({ kind: 'reservation', id, text: `project ${project}: ${text}`, mended })
    if (record !== undefined || (amounts.volumes === undefined && amounts.snapshots === undefined)) {
      await quotas.commit(project, id)
      tell('what it was for has ended', true)
      continue
    }
    const left = await removeMade(looking, project, id).catch(
      (error: unknown) => inDriversWords(error).message,
    )
    if (left === undefined) await quotas.rollback(project, id)
    tell(left ?? 'what it was for was never made', left === undefined)
  }
}

/** @returns what is still there of it; undefined: nothing. */
async function removeMade(looking: Looking, project: string, id: string): Promise<string | undefined> {
  for (const service of serviceNames(looking.storage)) {
    const backend = await looking.storage.backend(service)
    for (const look of [volumeOf, snapshotOf]) {
      const there = await look(backend, id)
      if (there === undefined) continue
      const isOurs = there.tags?.['cl-id'] === id && there.tags?.['cl-project'] === project
      if (!isOurs) return `${there.name} is there, and its tags do not say that it was made for this`
      if (!looking.mend) return `${there.name} is there, without a record`
      await there.remove()
    }
  }
  return undefined
}

const volumeOf = async (backend: AttachingBackend, id: string) => {
  const there = await orAbsent(volumeSummary(backend.storpool, volumeName(backend, id)))
  const volume = { id, provider_location: there?.globalId }
  return there && { ...there, remove: () => deleteVolume(backend, { volume }) }
}

const snapshotOf = async (backend: AttachingBackend, id: string) => {
  const there = await orAbsent(snapshotSummary(backend.storpool, snapshotName(backend, id)))
  const snapshot = { id, provider_location: there?.globalId }
  if (there === undefined || there.deleted) return undefined
  return { ...there, remove: () => deleteSnapshot(backend, { snapshot }) }
}
