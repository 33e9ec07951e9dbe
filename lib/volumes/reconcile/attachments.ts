import type { Attachment } from '../../driver/backend.ts'
import { confirmed, entries, turn } from '../../driver/book.ts'
import { listAttached } from '../../driver/inventory.ts'
import { terminateConnection } from '../../driver/terminate-connection.ts'
import { inDriversWords } from '../../drivers-words.ts'
import { forget } from '../connect.ts'
import { knownVolume } from '../driver-model.ts'
import { isOlderConnection } from '../older-connections.ts'
import type { AttachmentPointer, VolumeRecord } from '../record.ts'
import { serviceNames } from '../services.ts'
import { CUT_OFF_MS } from '../working.ts'
import type { Census } from './census.ts'
import { each } from './each.ts'
import { DEAD_MS, isOlder, type Looking } from './findings.ts'

/** Pointers to attachments that are no more, and what may be left of their connections. @returns false: the time was up. */
export async function followPointers(looking: Looking): Promise<boolean> {
  const { storage } = looking
  for await (const page of storage.attachments.pages()) {
    for (const pointer of page) {
      if (looking.isOver()) return false
      if (!isOlder(storage, pointer.createdAt, DEAD_MS)) continue
      const volume = await storage.volumes.get(pointer.volumeId)
      if (volume?.attachments[pointer.id] === undefined) await endLost(looking, pointer, volume)
    }
  }
  return true
}

async function endLost(
  looking: Looking,
  { id, volumeId }: AttachmentPointer,
  volume: VolumeRecord | undefined,
): Promise<void> {
  const { storage, mend, found } = looking
  const text = `of volume ${volumeId}`
  try {
    const backend = volume && (await storage.backend(volume.host))
    const page = volume?.globalId ? await backend?.attachments.read(volume.globalId) : undefined
    if (volume && backend && page?.attachments[id] !== undefined) {
      if (mend)
        await terminateConnection(backend, { volume: knownVolume(volume), attachmentId: id, force: false })
      found({ kind: 'connection', id, text, mended: mend })
      if (!mend) return
    }
    await forget(storage, id)
    found({ kind: 'pointer', id, text, mended: true })
  } catch (error) {
    found({ kind: 'connection', id, text: inDriversWords(error).message, mended: false })
  }
}

/**
 * The book of attachments, the records and what StorPool has attached, beside each other. What is only half in the book
 * after a while was left by a call that is dead: nobody was told of it, or it was to be ended.
 */
export async function compareAttached(looking: Looking, { volumes }: Census): Promise<boolean> {
  const { storage } = looking
  const ours = new Map<string, string>()
  for (const [id, { globalId }] of volumes) if (globalId !== null) ours.set(globalId, id)
  const attached = new Map<string, Set<number>>()
  for (const service of serviceNames(storage)) {
    const found = await listAttached(await storage.backend(service))
    for (const [globalId, clients] of found) attached.set(globalId, clients)
  }
  const compared = await each(looking, [[...volumes]], async ([id, { globalId, connected, isRecent }]) => {
    const lost = connected.filter(({ clientId }) => !attached.get(globalId ?? '')?.has(Number(clientId)))
    if (lost.length > 0) await tellOfLost(looking, id, lost)
    else if (isRecent && connected.length > 0) await tellTheBook(looking, id)
  })
  if (!compared) return false
  const half: Half[] = []
  for (const [globalId, clients] of attached) {
    if (looking.isOver()) return false
    const id = ours.get(globalId)
    if (id === undefined) continue
    const recorded = volumes.get(id)?.connected.map(({ clientId }) => clientId) ?? []
    const others = [...clients].filter((client) => !recorded.includes(client))
    if (others.length > 0) half.push(...(await tellOfHolders(looking, id, globalId, others)))
  }
  return half.length === 0 || endHalf(looking, half)
}

/** Much may have happened since the list was read. */
async function tellOfLost(
  { storage, found }: Looking,
  volume: string,
  lost: readonly { readonly id: string }[],
): Promise<void> {
  const now = await storage.volumes.get(volume)
  for (const { id } of lost) {
    const there = now?.attachments[id]
    if (there === undefined || there.work !== null) continue
    const text = `volume ${volume} is not attached to ${there.host}, where its record has it`
    found({ kind: 'unconnected', id, text, mended: false })
  }
}

/** Connections that the record and StorPool have, and whose call was cut off before it had told the book: told again. */
async function tellTheBook({ storage, found }: Looking, id: string): Promise<void> {
  const volume = await storage.volumes.get(id)
  if (!volume?.globalId || !isOlder(storage, volume.updatedAt ?? volume.createdAt, CUT_OFF_MS)) return
  const backend = await storage.backend(volume.host)
  const page = await backend.attachments.read(volume.globalId)
  for (const one of Object.values(volume.attachments)) {
    const entry = page.attachments[one.id]
    const isHalf = entry?.state === 'attaching' && entry.generation === one.connection?.generation
    if (!isHalf || one.work !== null) continue
    const tell = (text: string, mended: boolean) =>
      found({ kind: 'attachment', id: one.id, text: `of volume ${id}: ${text}`, mended })
    // The book alone: StorPool has it attached, and where somebody ends it meanwhile it is to stay ended.
    await turn(backend.attachments, volume.globalId, (now) => confirmed(now, entry)).then(
      (now) => now.attachments[one.id]?.state === 'attached' && tell('the book had it as being made', true),
      (error: unknown) => tell(inDriversWords(error).message, false),
    )
  }
}

/** A connection that is being made or ended by the book. */
interface Half {
  readonly volume: VolumeRecord
  readonly entry: Attachment
}

/** @returns connections of the older calls that are not whole. */
async function tellOfHolders(
  { storage, found }: Looking,
  id: string,
  globalId: string,
  clients: readonly number[],
): Promise<Half[]> {
  const volume = await storage.volumes.get(id)
  if (volume === undefined) return []
  const page = entries(await (await storage.backend(volume.host)).attachments.read(globalId))
  const booked = new Set(page.map(({ clientId }) => clientId))
  for (const client of clients.filter((one) => !booked.has(one)))
    found({ kind: 'holder', id, text: `client ${client} has volume ${id} attached`, mended: false })
  return page
    .filter((entry) => entry.state !== 'attached' && isOlderConnection(globalId, entry))
    .map((entry) => ({ volume, entry }))
}

/** The book has no times: who is at work on one has ended it, or been cut off, after a while. @returns false: the time was up. */
async function endHalf(looking: Looking, half: readonly Half[]): Promise<boolean> {
  const isTime = await looking.pause(CUT_OFF_MS)
  for (const { volume, entry } of half) {
    const { id, generation, host, state } = entry
    const backend = await looking.storage.backend(volume.host)
    const now = (await backend.attachments.read(volume.globalId ?? '')).attachments[id]
    if (now === undefined || now.generation !== generation || now.state !== state) continue
    const tell = (text: string, mended: boolean) =>
      looking.found({ kind: 'connection', id, text: `of volume ${volume.id} to ${host}: ${text}`, mended })
    if (!isTime || !looking.mend) {
      tell(`it is ${state} by the book`, false)
      continue
    }
    const ended = { volume: knownVolume(volume), attachmentId: id, generation, force: false }
    await terminateConnection(backend, ended).then(
      () => tell(`it was ${state} by the book`, true),
      (error: unknown) => tell(inDriversWords(error).message, false),
    )
  }
  return isTime
}
