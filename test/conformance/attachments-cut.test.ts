import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  completeAttachment,
  connectAttachment,
  createAttachment,
  deleteAttachment,
} from '../../lib/volumes/attach.ts'
import type { BlockStorage } from '../../lib/volumes/block-storage.ts'
import { findVolume } from '../../lib/volumes/find.ts'
import { attachOlder, detachOlder, initializeOlder, terminateOlder } from '../../lib/volumes/older-calls.ts'
import { type BlockStorageSystem, project, startBlockStorage } from '../support/block-storage.ts'
import { cutAt, LATER_MS } from '../support/cut-storage.ts'

let system: BlockStorageSystem
beforeAll(async () => {
  system = await startBlockStorage()
})
afterAll(() => system?.[Symbol.asyncDispose]())

const caller = { user: 'u', project, role: 'admin', isService: false } as const
const connector = { host: 'host-1' }
const asked = { instance: null, connector, mode: undefined }
const older = { instance: null, host: 'host-1', mountpoint: '/dev/vdb', mode: 'rw' } as const

interface Row {
  /** @returns the attachment it is about */
  readonly before?: (storage: BlockStorage, volume: string) => Promise<string>
  readonly cut: (storage: BlockStorage, volume: string, attachment: string) => Promise<unknown>
}

const reserved: Row['before'] = async (storage, volume) =>
  (await createAttachment(storage, caller, { volume, ...asked, connector: undefined })).attachment.id
const attached: Row['before'] = async (storage, volume) => {
  const { attachment } = await createAttachment(storage, caller, { volume, ...asked })
  await completeAttachment(storage, caller, attachment.id)
  return attachment.id
}

const rows: Record<string, Row> = {
  reserve: {
    cut: (storage, volume) => createAttachment(storage, caller, { volume, ...asked, connector: undefined }),
  },
  'reserve and connect': {
    cut: (storage, volume) => createAttachment(storage, caller, { volume, ...asked }),
  },
  connect: { before: reserved, cut: (storage, _, id) => connectAttachment(storage, caller, id, connector) },
  complete: { before: attached, cut: (storage, _, id) => completeAttachment(storage, caller, id) },
  'end one that is reserved': {
    before: reserved,
    cut: (storage, _, id) => deleteAttachment(storage, caller, id),
  },
  'end one that is attached': {
    before: attached,
    cut: (storage, _, id) => deleteAttachment(storage, caller, id),
  },
  'connect, the older way': { cut: (storage, id) => initializeOlder(storage, caller, id, connector) },
  'disconnect, the older way': {
    async before(storage, volume) {
      await initializeOlder(storage, caller, volume, connector)
      return ''
    },
    cut: (storage, id) => terminateOlder(storage, caller, id, connector),
  },
  'attach, the older way': { cut: (storage, id) => attachOlder(storage, caller, id, older) },
  'detach, the older way': {
    async before(storage, volume) {
      await initializeOlder(storage, caller, volume, connector)
      await attachOlder(storage, caller, volume, older)
      return ''
    },
    cut: (storage, id) => detachOlder(storage, caller, id, null),
  },
}

test.each(Object.entries(rows))(
  '%s, cut off at any call, is put right by the next look',
  async (name, row) => {
    let isWhole = false
    for (let n = 0; !isWhole; n++) {
      const { id } = await system.aVolume()
      const attachment = (await row.before?.(system.storage(), id)) ?? ''
      isWhole = await cutAt(system.storage(), n, (storage) => row.cut(storage, id, attachment))

      const later = { ...system.storage(), now: () => new Date(Date.now() + LATER_MS).toISOString() }
      const volume = await findVolume(later, caller, id)

      const all = Object.values(volume.attachments)
      expect(
        all.filter(({ work }) => work !== null),
        `cut at ${n}`,
      ).toEqual([])
      const connected = all.filter(({ connection }) => connection !== null).map((one) => one.id)
      const page = await (await later.backend(volume.host)).attachments.read(volume.globalId ?? '')
      const isOlder = (one: string) => name.endsWith('older way') && !connected.includes(one)
      expect(
        Object.keys(page.attachments).filter((one) => !isOlder(one)),
        `cut at ${n}`,
      ).toEqual(connected)
      for (const one of all) expect(await later.attachments.get(one.id), `cut at ${n}`).toBeDefined()
      // Whatever was left is ended by whoever asks for it.
      for (const one of all) await deleteAttachment(later, caller, one.id)
      await terminateOlder(later, caller, id, null)
      expect((await findVolume(later, caller, id)).status, `cut at ${n}`).toBe('available')
      expect(system.cluster.simulator.attachments.filter((one) => one.globalId === volume.globalId)).toEqual(
        [],
      )
    }
  },
)
