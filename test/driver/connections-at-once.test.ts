import { expect, test } from 'vitest'
import { createVolume } from '../../lib/driver/create-volume.ts'
import { InitializeConnection, initializeConnection } from '../../lib/driver/initialize-connection.ts'
import { TerminateConnection, terminateConnection } from '../../lib/driver/terminate-connection.ts'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { aVolume, volumeId } from '../support/makers.ts'

const volume = { id: volumeId }

const connect = (backend: Cluster['backend'], change: Record<string, unknown> = {}) =>
  initializeConnection(
    backend,
    InitializeConnection.parse({ volume, connector: { host: 'host-1' }, ...change }),
  )
const end = (backend: Cluster['backend'], change: Record<string, unknown> = {}) =>
  terminateConnection(backend, TerminateConnection.parse({ volume, ...change }))

/** A backend for one operation: between its writing in the book and its change on the cluster, another runs whole. */
const interrupted = (backend: Cluster['backend'], other: () => Promise<unknown>): Cluster['backend'] => {
  let isFirst = true
  const post: typeof backend.storpool.post = async (query, ...rest) => {
    if (query === 'VolumesReassignWait' && isFirst) {
      isFirst = false
      await other()
    }
    return backend.storpool.post(query, ...rest)
  }
  return { ...backend, storpool: { ...backend.storpool, post } }
}

const withVolume = async () => {
  const cluster = await startCluster()
  const { provider_location } = await createVolume(cluster.backend, { volume: aVolume() })
  return Object.assign(cluster, {
    /** Who has the volume: as the book says, and as StorPool has it. */
    async holders() {
      const { attachments } = await cluster.backend.attachments.read(provider_location)
      return {
        book: Object.values(attachments).map(({ clientId, mode, state }) => `${clientId} ${mode} ${state}`),
        cluster: cluster.simulator.attachments.map(({ client, rights }) => `${client} ${rights}`),
      }
    },
  })
}

test('a connection made while all are being ended is there afterwards', async () => {
  await using cluster = await withVolume()

  await end(interrupted(cluster.backend, () => connect(cluster.backend)))

  expect(await cluster.holders()).toEqual({ book: ['1 rw attached'], cluster: ['1 rw'] })
})

test('a connection made while another takes the volume for itself is there afterwards', async () => {
  await using cluster = await withVolume()
  const beside = () => connect(cluster.backend, { connector: { host: 'host-2' } })

  await connect(interrupted(cluster.backend, beside), { exclusive: true })

  const { book, cluster: has } = await cluster.holders()
  expect(book.sort()).toEqual(['1 rw attached', '2 rw attached'])
  expect(has.sort()).toEqual(['1 rw', '2 rw'])
})

test('of two connections made at once on one host the writing one can write', async () => {
  await using cluster = await withVolume()
  const writing = () => connect(cluster.backend, { instance: 'writer', mode: 'rw' })

  await connect(interrupted(cluster.backend, writing), { instance: 'reader', mode: 'ro' })

  expect((await cluster.holders()).cluster).toEqual(['1 rw'])
})

test('a connection that is ended while it is made says so, and leaves nothing', async () => {
  await using cluster = await withVolume()

  const made = connect(interrupted(cluster.backend, () => end(cluster.backend)))

  await expect(made).rejects.toMatchObject({ name: 'StaleGeneration' })
  expect(await cluster.holders()).toEqual({ book: [], cluster: [] })
})

test('an attachment’s id stands for one host: asked for on another it is refused, and nothing moves', async () => {
  await using cluster = await withVolume()
  await connect(cluster.backend, { attachmentId: 'a' })

  const elsewhere = connect(cluster.backend, { attachmentId: 'a', connector: { host: 'host-2' } })

  await expect(elsewhere).rejects.toMatchObject({
    name: 'Conflict',
    message: expect.stringContaining('host-1'),
  })
  expect(await cluster.holders()).toEqual({ book: ['1 rw attached'], cluster: ['1 rw'] })
  await end(cluster.backend, { attachmentId: 'a' })
  expect(await cluster.holders()).toEqual({ book: [], cluster: [] })
})
