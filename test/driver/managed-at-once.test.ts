import { expect, test } from 'vitest'
import type { AttachingBackend } from '../../lib/driver/backend.ts'
import { claimIn } from '../../lib/driver/claim.ts'
import { claimVolume } from '../../lib/driver/claim-volume.ts'
import { manageExisting } from '../../lib/driver/manage-existing.ts'
import { manageExistingSnapshot } from '../../lib/driver/manage-existing-snapshot.ts'
import { unmanage } from '../../lib/driver/unmanage.ts'
import { unmanageSnapshot } from '../../lib/driver/unmanage-snapshot.ts'
import { volumeSnapshot } from '../../lib/storpool/snapshots.ts'
import { volumeCreate } from '../../lib/storpool/volumes.ts'
import { type Cluster, startCluster } from '../support/cluster.ts'
import { nameOf, snapshotNameOf } from '../support/makers.ts'

const ROUNDS = 25
const ids = Array.from({ length: 4 }, (_, n) => `0000aaaa-1111-4f0e-8f0b-00000000000${n}`)
const [first = '', second = ''] = ids
const job = '6f1d2e3c-0000-4f0e-8f0b-ff8f3a2d1c01'

/** A cluster with a volume and a snapshot that are nobody's. */
const withForeign = async () => {
  const cluster = await startCluster()
  const { storpool } = cluster.backend
  const { globalId = '' } = await volumeCreate(storpool, { name: 'theirs', size: 1024 ** 3, replication: 3 })
  const { snapshotGlobalId = '' } = await volumeSnapshot(storpool, 'theirs', { name: 'noon', tags: {} })
  cluster.simulator.reset()
  return Object.assign(cluster, { globalId, snapshotGlobalId })
}
type Foreign = Awaited<ReturnType<typeof withForeign>>

const kinds = {
  volume: {
    globalId: (cluster: Foreign) => cluster.globalId,
    manage: (backend: AttachingBackend, id: string, globalId: string) =>
      manageExisting(backend, { volume: { id }, existing_ref: { 'source-id': globalId } }),
    unmanage: (backend: AttachingBackend, id: string, globalId: string) =>
      unmanage(backend, { volume: { id, provider_location: globalId } }),
    there: ({ simulator }: Cluster) => [...simulator.volumes.values()],
    nameOf,
  },
  snapshot: {
    globalId: (cluster: Foreign) => cluster.snapshotGlobalId,
    manage: (backend: AttachingBackend, id: string, globalId: string) =>
      manageExistingSnapshot(backend, { snapshot: { id }, existing_ref: { 'source-id': globalId } }),
    unmanage: (backend: AttachingBackend, id: string, globalId: string) =>
      unmanageSnapshot(backend, { snapshot: { id, provider_location: globalId } }),
    there: ({ simulator }: Cluster) => [...simulator.snapshots.values()].filter(({ deleted }) => !deleted),
    nameOf: snapshotNameOf,
  },
}
const both = Object.entries(kinds)

/** A backend that stands still before every change of an owner until it may go on. */
const haltedAt = (backend: AttachingBackend, call: RegExp) => {
  const [reached, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const storpool: AttachingBackend['storpool'] = {
    ...backend.storpool,
    post: async (path, ...rest) => {
      if (call.test(path)) {
        reached.resolve()
        await gate.promise
      }
      return backend.storpool.post(path, ...rest)
    },
  }
  return { backend: { ...backend, storpool }, reached: reached.promise, go: () => gate.resolve() }
}
const change = /(Volume|Snapshot)Update/

test.each(both)('of several who manage a %s at once one gets it, and the others nothing', async (_, kind) => {
  await using cluster = await withForeign()
  const globalId = kind.globalId(cluster)

  for (let round = 0; round < ROUNDS; round++) {
    const outcomes = await Promise.allSettled(ids.map((id) => kind.manage(cluster.backend, id, globalId)))

    const winners = ids.filter((_, n) => outcomes[n]?.status === 'fulfilled')
    expect(winners).toHaveLength(1)
    const [winner = ''] = winners
    expect(kind.there(cluster)).toMatchObject([{ name: kind.nameOf(winner), tags: { 'cl-id': winner } }])
    for (const [n, outcome] of outcomes.entries()) {
      if (ids[n] === winner) continue
      expect(outcome).toMatchObject({
        reason: { name: 'Conflict', remedy: expect.any(String), details: { owner: expect.any(String) } },
      })
    }
    await kind.unmanage(cluster.backend, winner, globalId)
  }
})

test.each(both)(
  'while one is about to get a %s, nobody else does; then it says whose it is',
  async (_, kind) => {
    await using cluster = await withForeign()
    const globalId = kind.globalId(cluster)
    const halted = haltedAt(cluster.backend, change)
    const mine = kind.manage(halted.backend, first, globalId)
    await halted.reached

    await expect(kind.manage(cluster.backend, second, globalId)).rejects.toMatchObject({
      name: 'Conflict',
      message: expect.stringContaining(`managed or let go as ${first}`),
    })
    halted.go()
    await mine

    await expect(kind.manage(cluster.backend, second, globalId)).rejects.toMatchObject({
      name: 'Conflict',
      message: expect.stringContaining(`managed already, as ${first}`),
    })
    expect((await cluster.backend.attachments.read(globalId)).hold).toBeUndefined()
  },
)

test.each(both)('a %s that is let go twice at once keeps who gets it next', async (_, kind) => {
  await using cluster = await withForeign()
  const globalId = kind.globalId(cluster)
  await kind.manage(cluster.backend, first, globalId)
  const late = haltedAt(cluster.backend, change)
  const slow = kind.unmanage(late.backend, first, globalId)
  await late.reached
  await kind.unmanage(cluster.backend, first, globalId)

  // Whoever is still at it would take the tags off whoever has it by then.
  await expect(kind.manage(cluster.backend, second, globalId)).rejects.toMatchObject({ name: 'Conflict' })
  late.go()
  await slow

  const { attachments } = cluster.backend
  const page = await attachments.read(globalId)
  expect(page.hold).toMatchObject({ id: first, again: true })
  await attachments.write({ ...page, hold: { id: first, until: Date.now() - 1 } })
  await kind.manage(cluster.backend, second, globalId)
  expect(kind.there(cluster)).toMatchObject([{ tags: { 'cl-id': second } }])
})

test.each(both)('a %s that somebody else has by now is not let go by who had it', async (_, kind) => {
  await using cluster = await withForeign()
  const globalId = kind.globalId(cluster)
  await kind.manage(cluster.backend, second, globalId)

  await kind.unmanage(cluster.backend, first, globalId)

  expect(kind.there(cluster)).toMatchObject([{ tags: { 'cl-id': second } }])
})

test.each(both)(
  'cut off at any call, a %s is finished by the same id, and by no other meanwhile',
  async (_, kind) => {
    await using whole = await withForeign()
    await kind.manage(whole.backend, first, kind.globalId(whole))
    for (const n of whole.simulator.calls.keys()) {
      await using cluster = await withForeign()
      const globalId = kind.globalId(cluster)
      cluster.simulator.loseAnswer(n)
      cluster.simulator.fault({ match: '*', skip: n, times: 50, kind: 'transient' })
      await kind.manage(cluster.within(300), first, globalId).catch(() => 'cut off')
      cluster.simulator.reset()
      const isHeld = (await cluster.backend.attachments.read(globalId)).hold !== undefined
      if (isHeld)
        await expect(kind.manage(cluster.backend, second, globalId)).rejects.toMatchObject({
          name: 'Conflict',
        })

      await kind.manage(cluster.backend, first, globalId)

      expect(kind.there(cluster), `cut at ${n}`).toMatchObject([
        { name: kind.nameOf(first), tags: { 'cl-id': first } },
      ])
    }
  },
)

test.each(['merge', 'replace'] as const)(
  'a job and whoever manages a volume at once do not undo each other (%s)',
  async (tagsMode) => {
    await using cluster = await withForeign()
    cluster.simulator.setKnobs({ tagsMode })
    const theirs = () => [...cluster.simulator.volumes.values()][0]
    const claim = { job, until: Date.now() + 600_000 }
    const seen = { ...theirs(), tags: {} } as never
    const never = async () => false
    const take = () => claimVolume(cluster.backend, seen, claim, never)
    const halted = haltedAt(cluster.backend, change)
    const managing = kinds.volume.manage(halted.backend, first, cluster.globalId)
    await halted.reached

    await expect(take()).rejects.toMatchObject({
      name: 'VolumeIsBusy',
      message: expect.stringContaining(first),
      remedy: expect.not.stringContaining('cancel'),
    })
    halted.go()
    await managing
    // It saw the volume before it was managed.
    await expect(take()).rejects.toMatchObject({ name: 'VolumeNotFound' })

    expect(theirs()?.tags).toMatchObject({ 'cl-id': first })
    expect(claimIn(theirs()?.tags)).toBeUndefined()
    expect((await cluster.backend.attachments.read(cluster.globalId)).claim).toBeUndefined()
  },
)

test('a volume that a job is about to have is not managed', async () => {
  await using cluster = await withForeign()
  const { attachments } = cluster.backend
  const page = await attachments.read(cluster.globalId)
  await attachments.write({ ...page, claim: { job, until: Date.now() + 600_000 } })

  const refused = kinds.volume.manage(cluster.backend, first, cluster.globalId)

  await expect(refused).rejects.toMatchObject({ name: 'VolumeIsBusy', details: { job } })
})
