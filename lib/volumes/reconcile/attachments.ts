import { terminateConnection } from '../../driver/terminate-connection.ts'
import { inDriversWords } from '../../drivers-words.ts'
import { attachmentsList } from '../../storpool/attachments.ts'
import { forget } from '../connect.ts'
import { knownVolume } from '../driver-model.ts'
import type { AttachmentPointer, VolumeRecord } from '../record.ts'
import { serviceNames } from '../services.ts'
import type { Census } from './census.ts'
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

/** The book of attachments, the records and what StorPool has attached, beside each other. Nothing is changed. */
export async function compareAttached(looking: Looking, { volumes }: Census): Promise<boolean> {
  const { storage } = looking
  const ours = new Map<string, string>()
  for (const [id, { globalId }] of volumes) if (globalId !== null) ours.set(globalId, id)
  const attached = new Map<string, Set<number>>()
  for (const service of serviceNames(storage)) {
    const { storpool } = await storage.backend(service)
    for (const { globalId = '', client } of await attachmentsList(storpool))
      attached.set(globalId, (attached.get(globalId) ?? new Set()).add(client))
  }
  for (const [id, { globalId, connected }] of volumes) {
    const lost = connected.filter(({ clientId }) => !attached.get(globalId ?? '')?.has(Number(clientId)))
    if (lost.length > 0) await tellOfLost(looking, id, lost)
  }
  for (const [globalId, clients] of attached) {
    if (looking.isOver()) return false
    const id = ours.get(globalId)
    if (id === undefined) continue
    const recorded = volumes.get(id)?.connected.map(({ clientId }) => clientId) ?? []
    const others = [...clients].filter((client) => !recorded.includes(client))
    if (others.length > 0) await tellOfHolders(looking, id, globalId, others)
  }
  return true
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

async function tellOfHolders(
  { storage, found }: Looking,
  id: string,
  globalId: string,
  clients: readonly number[],
): Promise<void> {
  const volume = await storage.volumes.get(id)
  if (volume === undefined) return
  const page = await (await storage.backend(volume.host)).attachments.read(globalId)
  const booked = new Set(Object.values(page.attachments).map(({ clientId }) => clientId))
  for (const client of clients.filter((one) => !booked.has(one)))
    found({ kind: 'holder', id, text: `client ${client} has volume ${id} attached`, mended: false })
}
