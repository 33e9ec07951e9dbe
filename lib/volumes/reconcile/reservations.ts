import { namedAfter } from '../../driver/inventory.ts'
import { inDriversWords } from '../../drivers-words.ts'
import { serviceNames } from '../services.ts'
import { type Census, countedProjects } from './census.ts'
import { DEAD_MS, isOlder, type Looking } from './findings.ts'

/** {@link endReservationsOf} every project. @returns false: the time was up. */
export async function endReservations(looking: Looking, census: Census): Promise<boolean> {
  const working = [...census.volumes.values(), ...census.snapshots.values()].map(({ work }) => work)
  const worked = new Set(working)
  for (const project of await countedProjects(looking.storage, census)) {
    if (looking.isOver()) return false
    await endReservationsOf(looking, worked, project)
  }
  return true
}

/**
 * Quota that calls had reserved and neither used nor gave back. What such a call may have made on the cluster bears the id
 * of the reservation; it is removed if its tags say that it is that very thing.
 */
async function endReservationsOf(
  looking: Looking,
  worked: ReadonlySet<string | undefined>,
  project: string,
): Promise<void> {
  const { quotas, volumes, snapshots } = looking.storage
  const { reservations } = await quotas.read(project)
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
    for (const there of await namedAfter(await looking.storage.backend(service), id)) {
      if (!there.isFor(project))
        return `${there.name} is there, and its tags do not say that it was made for this`
      if (!looking.mend) return `${there.name} is there, without a record`
      await there.remove()
    }
  }
  return undefined
}
