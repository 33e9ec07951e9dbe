import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Caller } from '../../lib/auth/caller.ts'
import { terminateConnection } from '../../lib/driver/terminate-connection.ts'
import { completeAttachment, connectAttachment, createAttachment } from '../../lib/volumes/attach.ts'
import type { BlockStorage } from '../../lib/volumes/block-storage.ts'
import { knownVolume } from '../../lib/volumes/driver-model.ts'
import type { VolumeRecord } from '../../lib/volumes/record.ts'
import { type BlockStorageSystem, project, startBlockStorage } from '../support/block-storage.ts'

let system: BlockStorageSystem
beforeAll(async () => {
  system = await startBlockStorage()
})
afterAll(() => system?.[Symbol.asyncDispose]())

const caller: Caller = { user: 'somebody', project, role: 'member', isService: false }
const asked = (volume: string) => ({
  volume,
  instance: null,
  connector: { host: 'host-1' },
  mode: undefined,
})

const record = async (id: string): Promise<VolumeRecord> => {
  const volume = await system.storage().volumes.get(id)
  if (volume === undefined) throw new Error('the volume is there')
  return volume
}

/** As `write`, but that somebody else does something just before the second time: that is after StorPool has attached. */
const afterOthers = <A extends unknown[], T>(
  write: (...args: A) => Promise<T>,
  others: () => Promise<unknown>,
) => {
  let writes = 0
  return async (...args: A): Promise<T> => {
    writes += 1
    if (writes === 2) await others()
    return write(...args)
  }
}

const withBook = (storage: BlockStorage, others: () => Promise<unknown>): BlockStorage => {
  const write = afterOthers(system.cluster.backend.attachments.write, others)
  return {
    ...storage,
    backend: async (host) => {
      const backend = await storage.backend(host)
      return { ...backend, attachments: { ...backend.attachments, write } }
    },
  }
}

const withRecords = (storage: BlockStorage, others: () => Promise<unknown>): BlockStorage => ({
  ...storage,
  volumes: { ...storage.volumes, replace: afterOthers(storage.volumes.replace, others) },
})

test('ended by others while it is made, it is gone from the record too', async () => {
  const { id } = await system.aVolume()
  const volume = knownVolume(await record(id))
  const end = () => terminateConnection(system.cluster.backend, { volume, connector: null, force: false })

  const made = createAttachment(withBook(system.storage(), end), caller, asked(id))

  await expect(made).rejects.toMatchObject({ name: 'StaleGeneration' })
  expect(await record(id)).toMatchObject({ status: 'available', attachments: {} })
  expect(system.cluster.simulator.attachments).toEqual([])
  expect((await system.cluster.backend.attachments.read(volume.provider_location ?? '')).attachments).toEqual(
    {},
  )
})

test('struck out of the record while it is made, its connection is ended', async () => {
  const { id } = await system.aVolume()
  const strike = async () =>
    system.storage().volumes.replace({ ...(await record(id)), status: 'available', attachments: {} })

  const made = createAttachment(withRecords(system.storage(), strike), caller, asked(id))

  await expect(made).rejects.toMatchObject({ status: 409 })
  expect(await record(id)).toMatchObject({ status: 'available', attachments: {} })
  expect(system.cluster.simulator.attachments).toEqual([])
})

test('completed by who asked again meanwhile, it stays though the first call does not know how it ended', async () => {
  const { id } = await system.aVolume()
  const storage = system.storage()
  const connector = { host: 'host-1' }
  const { attachment } = await createAttachment(storage, caller, { ...asked(id), connector: undefined })
  const repeat = async () => {
    await vi.waitFor(async () =>
      expect((await record(id)).attachments[attachment.id]?.connection).not.toBeNull(),
    )
    await connectAttachment(storage, caller, attachment.id, connector)
    await completeAttachment(storage, caller, attachment.id)
    throw Object.assign(new Error('no answer'), { name: 'TimeoutError' })
  }

  await expect(
    connectAttachment(withBook(storage, repeat), caller, attachment.id, connector),
  ).rejects.toThrow()

  const left = await record(id)
  expect(left.attachments[attachment.id]).toMatchObject({ status: 'attached', work: null })
  expect(left.status).toBe('in-use')
})

test('where others change its record again and again, that is said', async () => {
  const { id } = await system.aVolume()
  const storage = system.storage()
  let writes = 0
  const replace: typeof storage.volumes.replace = async (volume) => {
    writes += 1
    return writes > 1 && writes < 27 ? undefined : storage.volumes.replace(volume)
  }

  const made = createAttachment({ ...storage, volumes: { ...storage.volumes, replace } }, caller, asked(id))

  await expect(made).rejects.toMatchObject({ status: 409 })
})

test('a volume whose page of the book is not what its record expects is attached all the same', async () => {
  const { id } = await system.aVolume()
  const before = await record(id)
  const { body } = await system.call(
    'POST',
    '/attachments',
    {
      attachment: { volume_uuid: id, connector: { host: 'host-1' } },
    },
    { version: 71 },
  )
  await system.call('DELETE', `/attachments/${body.attachment.id}`, undefined, { version: 71 })
  const now = await record(id)
  expect([before.isBooked, now.isBooked]).toEqual([false, true])
  await system.storage().volumes.replace({ ...now, isBooked: false })

  const { attachment } = await createAttachment(system.storage(), caller, asked(id))

  expect(attachment).toMatchObject({ status: 'attaching', connection: { generation: 2 } })
})
