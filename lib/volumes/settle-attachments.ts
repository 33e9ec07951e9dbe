import { v4 } from 'uuid'
import { inDriversWords } from '../drivers-words.ts'
import { noted } from './attachment-states.ts'
import type { BlockStorage } from './block-storage.ts'
import { change } from './change.ts'
import { takeBack, workedOn } from './connect.ts'
import { disconnect } from './detach.ts'
import type { AttachmentRecord, VolumeRecord } from './record.ts'
import { CUT_OFF_MS } from './working.ts'

const isCutOff = (storage: BlockStorage, { work }: AttachmentRecord): boolean =>
  work !== null && Date.parse(storage.now()) - Date.parse(work.since) > CUT_OFF_MS

/** Attachments that a call was at work on when it was cut off. */
export const cutOff = (storage: BlockStorage, volume: VolumeRecord): AttachmentRecord[] =>
  Object.values(volume.attachments).filter((one) => isCutOff(storage, one))

/**
 * A volume whose attachments nobody left in the middle: what was being connected is taken back, as who asked for it was
 * never told how to reach it; what was being ended is ended.
 *
 * @returns undefined: it is no more.
 */
export async function settleAttachments(
  storage: BlockStorage,
  volume: VolumeRecord,
): Promise<VolumeRecord | undefined> {
  const left = cutOff(storage, volume)
  if (left.length === 0) return volume
  for (const one of left) {
    try {
      await settle(storage, volume, one)
    } catch (error) {
      const { name, message } = inDriversWords(error)
      storage.warn('an attachment could not be settled', {
        volume: volume.id,
        attachment: one.id,
        outcome: name,
        reason: message,
      })
    }
  }
  return storage.volumes.get(volume.id)
}

/** It is taken over in one conditional write first: of two that find it, one sees to it. */
async function settle(storage: BlockStorage, volume: VolumeRecord, left: AttachmentRecord): Promise<void> {
  const { work } = left
  if (work === null) return
  const mine = { ...left, work: { ...work, id: v4(), since: storage.now() } }
  const taken = await change(
    storage.volumes,
    volume.id,
    (now) => (workedOn(now, left, work) === undefined ? now : noted(now, mine)),
    volume,
  )
  if (taken?.attachments[left.id]?.work?.id !== mine.work.id) return
  if (work.action === 'connect') await takeBack(storage, taken, mine)
  else await disconnect(storage, { volume: taken, attachment: mine })
}
