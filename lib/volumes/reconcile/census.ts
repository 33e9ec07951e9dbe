import { inDriversWords } from '../../drivers-words.ts'
import type { BlockStorage } from '../block-storage.ts'
import { settle } from '../carry-out.ts'
import { type Amounts, snapshotAmounts, volumeAmounts } from '../quotas.ts'
import type { SnapshotRecord, VolumeRecord } from '../record.ts'
import { cutOff, settleAttachments } from '../settle-attachments.ts'
import { snapshotKind } from '../snapshot-operations.ts'
import { CUT_OFF_MS, settleOn } from '../working.ts'
import { each } from './each.ts'
import { isOlder, type Looking } from './findings.ts'

/** What is kept of a record while all are gone through: little, as there may be a hundred thousand. */
export interface Kept {
  readonly globalId: string | null
  readonly project: string
  /** Ids of attachments that are connected, and of the clients they are connected to. */
  readonly connected: readonly { readonly id: string; readonly clientId: unknown }[]
  /** Changed within the last day. */
  readonly isRecent: boolean
  readonly snapshots: readonly string[]
  /** Of the work that has it. */
  readonly work: string | undefined
  /** In a state in which its object is on the cluster. */
  readonly isThere: boolean
}

/** All records, and what each project's add up to. */
export interface Census {
  readonly volumes: ReadonlyMap<string, Kept>
  readonly snapshots: ReadonlyMap<string, Kept>
  readonly used: ReadonlyMap<string, Amounts>
  readonly complete: boolean
}

/** The projects that have a quota: those of the records, too, as the first count of one may have been cut off before it was listed. */
export const countedProjects = async ({ quotas }: BlockStorage, { used }: Census): Promise<Set<string>> =>
  new Set([...(await quotas.projects()), ...used.keys()])

const RECENT_MS = 24 * 3_600_000

const goneOrNotYet = ['creating', 'managing', 'deleting', 'unmanaging', 'error', 'error_managing']

/** Go through all records, and have finished or put back what was left in the middle. */
export async function takeCensus(looking: Looking): Promise<Census> {
  const { storage } = looking
  const used = new Map<string, Record<string, number>>()
  const count = (project: string, amounts: Amounts) => {
    const sum = used.get(project) ?? {}
    for (const [name, amount] of Object.entries(amounts)) sum[name] = (sum[name] ?? 0) + amount
    used.set(project, sum)
  }
  const volumes = new Map<string, Kept>()
  const snapshots = new Map<string, Kept>()
  const seeVolume = async (listed: VolumeRecord) => {
    const volume = needsCare(storage, listed) ? await careForVolume(looking, listed.id) : listed
    if (volume === undefined) return
    volumes.set(volume.id, keptOf(storage, volume))
    count(volume.project, volumeAmounts(volume.size, volume.typeId))
  }
  const seeSnapshot = async (listed: SnapshotRecord) => {
    const snapshot = listed.work === null ? listed : await careForSnapshot(looking, listed.id)
    if (snapshot === undefined) return
    const { globalId, project, work, status, size, typeId } = snapshot
    const isThere = globalId !== null && !goneOrNotYet.includes(status)
    const none = { connected: [], isRecent: false, snapshots: [] }
    snapshots.set(snapshot.id, { globalId, project, ...none, work: work?.id, isThere })
    count(project, snapshotAmounts(size, typeId))
  }
  const complete =
    (await each(looking, storage.snapshots.pages(), seeSnapshot)) &&
    (await each(looking, storage.volumes.pages(), seeVolume))
  return { volumes, snapshots, used, complete }
}

const keptOf = (storage: BlockStorage, volume: VolumeRecord): Kept => ({
  globalId: volume.globalId,
  project: volume.project,
  connected: Object.values(volume.attachments)
    .filter(({ connection, work }) => connection !== null && work === null)
    .map(({ id, connection }) => ({ id, clientId: connection?.client_id })),
  isRecent: !isOlder(storage, volume.updatedAt ?? volume.createdAt, RECENT_MS),
  snapshots: volume.snapshots,
  work: volume.work?.id,
  isThere: volume.globalId !== null && !goneOrNotYet.includes(volume.status),
})

const needsCare = (storage: BlockStorage, volume: VolumeRecord) =>
  volume.work !== null || cutOff(storage, volume).length > 0

async function careForVolume(looking: Looking, id: string): Promise<VolumeRecord | undefined> {
  const { storage } = looking
  // A list may be a little behind.
  const before = await storage.volumes.get(id)
  if (before === undefined) return undefined
  const left = cutOff(storage, before)
  try {
    const settled = await settle(storage, before)
    const after = settled && (await settleAttachments(storage, settled))
    tellOfWork(looking, before, after)
    for (const one of left) {
      const mended = after?.attachments[one.id]?.work?.id !== one.work?.id
      const text = `${one.work?.action} of volume ${id} was cut off`
      looking.found({ kind: 'attachment', id: one.id, text, mended })
    }
    return after
  } catch (error) {
    looking.found({ kind: 'work', id, text: inDriversWords(error).message, mended: false })
    return before
  }
}

async function careForSnapshot(looking: Looking, id: string): Promise<SnapshotRecord | undefined> {
  const { storage } = looking
  const before = await storage.snapshots.get(id)
  if (before === undefined) return undefined
  try {
    const after = await settleOn(snapshotKind, storage, before)
    tellOfWork(looking, before, after)
    return after
  } catch (error) {
    looking.found({ kind: 'work', id, text: inDriversWords(error).message, mended: false })
    return before
  }
}

type Worked = Pick<VolumeRecord | SnapshotRecord, 'id' | 'status' | 'work'>

/** Work that a living call or job is at is none to tell of. */
function tellOfWork({ storage, found }: Looking, before: Worked, after: Worked | undefined): void {
  const { work, id } = before
  if (work === null) return
  const isOver = after?.work?.id !== work.id
  if (!isOver && (work.job !== undefined || !isOlder(storage, work.since, CUT_OFF_MS))) return
  const now = after === undefined ? 'it is no more' : `it is ${after.status} now`
  found({ kind: 'work', id, text: `${work.action} did not end; ${now}`, mended: isOver })
}
