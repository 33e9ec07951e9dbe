import type { BlockStorage } from '../block-storage.ts'
import { compareAttached, followPointers } from './attachments.ts'
import { type Census, takeCensus } from './census.ts'
import { collecting, type Looking, type Report } from './findings.ts'
import { compareObjects, mendLinks } from './objects.ts'
import { mendQuotas } from './quotas.ts'
import { endReservations } from './reservations.ts'

export interface Reconcile {
  /** Remove from the cluster what dead calls of ours have left there. */
  readonly mend: boolean
  readonly isOver: Looking['isOver']
  readonly pause: Looking['pause']
}

/**
 * Make the records agree with themselves, and say where the cluster does not agree with them. What is only of ours is
 * always put right: records that somebody was at work on and left, attachments, where those are found, quotas. What is on
 * the cluster is changed only to `mend`, and only where a dead call's own traces and our tags say what it is. Run again,
 * or several at once, it goes on where things stand.
 */
export async function reconcile(storage: BlockStorage, { mend, isOver, pause }: Reconcile): Promise<Report> {
  const { found, result } = collecting()
  const looking: Looking = { storage, mend, isOver, pause, found }
  const census = await takeCensus(looking)
  const complete = census.complete && (await compare(looking, census))
  return { complete, volumes: census.volumes.size, snapshots: census.snapshots.size, ...result() }
}

/** Half of the records would tell nothing of what is missing among them. @returns false: the time was up before the end. */
async function compare(looking: Looking, census: Census): Promise<boolean> {
  const steps = [followPointers, endReservations, compareAttached, compareObjects, mendLinks, mendQuotas]
  for (const step of steps) if (!(await step(looking, census))) return false
  return true
}
