import type { AnyRecord, BlockStorage, PageOptions, Records } from './block-storage.ts'
import type { AttachmentPointer, AttachmentRecord } from './record.ts'

/** An attachment as a list has it. */
export interface ListedAttachment extends AnyRecord {
  readonly updatedAt: string | null
  readonly volumeId: string
  readonly attachment: AttachmentRecord
}

/** What a list reads of records of one kind. */
export type Listable<T extends AnyRecord> = Pick<Records<T>, 'get' | 'page' | 'all' | 'named'>

/** Volumes that are read at once for a list. */
const AT_ONCE = 32

/** Attachments, found by their pointers and read from their volumes. @param volumeId of one volume only */
export const attachmentsIn = (
  storage: BlockStorage,
  volumeId: string | undefined,
): Listable<ListedAttachment> => {
  const listed = async (pointers: readonly AttachmentPointer[]): Promise<ListedAttachment[]> => {
    const ids = [...new Set(pointers.map((pointer) => pointer.volumeId))]
    const volumes = new Map<string, Readonly<Record<string, AttachmentRecord>>>()
    for (let n = 0; n < ids.length; n += AT_ONCE) {
      const some = ids.slice(n, n + AT_ONCE).map((id) => storage.volumes.get(id))
      for (const volume of await Promise.all(some)) if (volume) volumes.set(volume.id, volume.attachments)
    }
    // A pointer is written first and taken away last: one that leads to nothing is no attachment.
    return pointers.flatMap((pointer) => {
      const attachment = volumes.get(pointer.volumeId)?.[pointer.id]
      return attachment === undefined ? [] : [{ ...pointer, attachment }]
    })
  }
  const ofVolume = async (id: string, project: string | undefined): Promise<ListedAttachment[]> => {
    const volume = await storage.volumes.get(id)
    if (volume === undefined || (project !== undefined && volume.project !== project)) return []
    return Object.values(volume.attachments).map((attachment) => ({
      id: attachment.id,
      project: volume.project,
      name: null,
      createdAt: attachment.createdAt,
      updatedAt: volume.updatedAt,
      version: 0,
      volumeId: id,
      attachment,
    }))
  }

  return {
    async get(id) {
      const pointer = await storage.attachments.get(id)
      return pointer && (await listed([pointer]))[0]
    },

    async page(options: PageOptions) {
      const found: ListedAttachment[] = []
      let { after } = options
      for (;;) {
        const wanted = options.limit - found.length
        const pointers = await storage.attachments.page({ ...options, after, limit: wanted })
        found.push(...(await listed(pointers)))
        if (pointers.length < wanted || found.length >= options.limit) return found
        after = pointers.at(-1)
      }
    },

    all: async (project) =>
      volumeId === undefined ? listed(await storage.attachments.all(project)) : ofVolume(volumeId, project),

    named: async () => [],
  }
}
