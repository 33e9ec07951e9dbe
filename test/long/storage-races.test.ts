import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { attachmentRoutes } from '../../lib/api/attachments.ts'
import { type Call, findRoute } from '../../lib/api/route.ts'
import { snapshotRoutes } from '../../lib/api/snapshots.ts'
import { actionRoutes } from '../../lib/api/volume-action.ts'
import { volumeRoutes } from '../../lib/api/volumes.ts'
import { inDriversWords } from '../../lib/drivers-words.ts'
import { httpStatus } from '../../lib/errors.ts'
import type { BlockStorage } from '../../lib/volumes/block-storage.ts'
import type { Amounts } from '../../lib/volumes/quotas.ts'
import { snapshotAmounts, volumeAmounts } from '../../lib/volumes/quotas.ts'
import { reconcile } from '../../lib/volumes/reconcile/reconcile.ts'
import type { SnapshotRecord, VolumeRecord } from '../../lib/volumes/record.ts'
import { ApiError } from '../../lib/volumes/refusal.ts'
import { type BlockStorageSystem, startBlockStorage } from '../support/block-storage.ts'
import { cutAt } from '../support/cut-storage.ts'
import { itemsIn } from '../support/table.ts'
import { raceSeconds, report, seed } from './settings.ts'

const CLIENTS = 64
const projects = ['a0', 'b0', 'c0', 'd0']
/** Volumes of a project: few, so that clients meet on them. */
const VOLUMES = 6
/** One call in so many is cut off, after one of its first so many calls on table and cluster. */
const [CUT_ONE_IN, CUT_WITHIN] = [6, 24]

/** Where the machine has too much to do: nobody knows whether it was done, or StorPool was not reached in time. */
const busy = [503, 504]

let system: BlockStorageSystem
beforeAll(async () => {
  system = await startBlockStorage()
})
afterAll(() => system?.[Symbol.asyncDispose]())

const routes = [...actionRoutes, ...volumeRoutes, ...attachmentRoutes, ...snapshotRoutes]

interface Answer {
  readonly status: number
  readonly body: any
}

/** What the handler does, on a storage that may be cut off. @returns undefined: it was. */
const send = async (
  project: string,
  method: string,
  path: string,
  body: unknown,
  cut: number | undefined,
): Promise<Answer | undefined> => {
  const found = findRoute(routes, method, path.split('/'))
  if (found === undefined || found === 'wrong method') throw new Error(`no such call: ${method} ${path}`)
  const caller = { user: 'u', project, role: 'member', isService: false } as const
  let answer: Answer | undefined
  const run = async (storage: BlockStorage) => {
    const call: Call = {
      ...{ storage, caller, version: 71, path: found.parameters, query: {}, body },
      ...{ address: `/v3/${project}/${path}`, base: 'http://127.0.0.1' },
    }
    try {
      const output = await found.route.run(call)
      answer = { status: found.route.statusOf(body), body: output }
    } catch (error) {
      const status = error instanceof ApiError ? error.status : httpStatus[inDriversWords(error).name]
      answer = { status, body: error }
    }
  }
  const storage = system.storage()
  await (cut === undefined ? run(storage) : cutAt(storage, cut, run))
  return answer
}

/** What clients of a project know of: all of them together, as they would by lists. */
interface Known {
  readonly volumes: Set<string>
  readonly attachments: Set<string>
  readonly snapshots: Set<string>
}
const known = new Map<string, Known>(
  projects.map((project) => [project, { volumes: new Set(), attachments: new Set(), snapshots: new Set() }]),
)

const Draw = fc.record({
  what: fc.nat(99),
  which: fc.nat(1000),
  host: fc.constantFrom('host-1', 'host-2'),
  cut: fc.integer({ min: 0, max: CUT_ONE_IN * CUT_WITHIN - 1 }).map((n) => (n < CUT_WITHIN ? n : undefined)),
})

const pick = (ids: ReadonlySet<string>, which: number): string =>
  [...ids][which % Math.max(1, ids.size)] ?? '00000000-0000-4000-8000-000000000000'

type Step = readonly [method: string, path: string, body?: unknown, after?: (body: any) => void]

const stepOf = (
  { volumes, attachments, snapshots }: Known,
  drawn: { what: number; which: number; host: string },
): Step => {
  const { what, which, host } = drawn
  const [volume, attachment, snapshot] = [volumes, attachments, snapshots].map((ids) => pick(ids, which))
  const act = (action: object): Step => ['POST', `volumes/${volume}/action`, action]
  const connector = { host }
  if (what < 12) {
    if (volumes.size >= VOLUMES) return ['GET', `volumes/${volume}`]
    const source = what < 2 ? { snapshot_id: snapshot } : what < 4 ? { source_volid: volume } : { size: 1 }
    return ['POST', 'volumes', { volume: source }, (body) => volumes.add(body.volume.id)]
  }
  if (what < 26) {
    const asked = { volume_uuid: volume, ...(what < 20 && { connector }) }
    return ['POST', 'attachments', { attachment: asked }, (body) => attachments.add(body.attachment.id)]
  }
  if (what < 36) return ['PUT', `attachments/${attachment}`, { attachment: { connector } }]
  if (what < 42) return ['POST', `attachments/${attachment}/action`, { 'os-complete': null }]
  if (what < 56)
    return ['DELETE', `attachments/${attachment}`, undefined, () => attachments.delete(attachment ?? '')]
  if (what < 60) return act({ 'os-extend': { new_size: 2 + (which % 3) } })
  if (what < 66) {
    return [
      'POST',
      'snapshots',
      { snapshot: { volume_id: volume } },
      (body) => snapshots.add(body.snapshot.id),
    ]
  }
  if (what < 71) return ['DELETE', `snapshots/${snapshot}`, undefined, () => snapshots.delete(snapshot ?? '')]
  if (what < 77) return ['DELETE', `volumes/${volume}`, undefined, () => volumes.delete(volume ?? '')]
  if (what < 80) return act({ 'os-reserve': null })
  if (what < 84) return act({ 'os-initialize_connection': { connector } })
  if (what < 86) return act({ 'os-attach': { mountpoint: '/dev/vdb', host_name: host } })
  if (what < 89) return act({ 'os-begin_detaching': null })
  if (what < 92) return act({ 'os-terminate_connection': { connector } })
  if (what < 95) return act({ 'os-detach': {} })
  if (what < 97) return ['PUT', `volumes/${volume}`, { volume: { name: `named ${which}` } }]
  return ['GET', 'volumes/detail']
}

const items = async (kind: string): Promise<any[]> =>
  (await itemsIn(system.cluster.table)).filter(({ pk }) => pk.startsWith(`${kind}#`))

const later = () => {
  const now = () => new Date(Date.now() + 660_000).toISOString()
  const storage = { ...system.storage(), now }
  return reconcile(storage, { mend: true, isOver: () => false, pause: async () => true })
}

const byId = (one: { id: string }, other: { id: string }) => (one.id < other.id ? -1 : 1)

test('clients that race while calls are cut off leave records, cluster and quotas that agree after one reconciliation', async () => {
  const counts: Record<string, number> = {}
  const end = Date.now() + raceSeconds * 1000
  const foreign: string[] = []
  await Promise.all(
    Array.from({ length: CLIENTS }, async (_, client) => {
      const project = projects[client % projects.length] ?? ''
      const mine = known.get(project)
      if (mine === undefined) throw new Error('every project is known')
      for (let round = 0; Date.now() < end; round++) {
        for (const drawn of fc.sample(Draw, { seed: seed + client + round * CLIENTS, numRuns: 20 })) {
          if (Date.now() > end) break
          const [method, path, body, after] = stepOf(mine, drawn)
          const answer = await send(project, method, path, body, drawn.cut)
          const status = answer?.status ?? 'cut off'
          counts[status] = (counts[status] ?? 0) + 1
          if (typeof status === 'number' && status < 300) after?.(answer?.body)
          if (typeof status === 'number' && status >= 500 && !busy.includes(status)) {
            throw new Error(`${method} ${path} ${JSON.stringify(body)} answered ${status}`, {
              cause: answer?.body,
            })
          }
          for (const volume of answer?.body?.volumes ?? [])
            if (volume['os-vol-tenant-attr:tenant_id'] !== project) foreign.push(volume.id)
          const other = pick(
            known.get(projects[(client + 1) % projects.length] ?? '')?.volumes ?? new Set(),
            drawn.which,
          )
          if (
            drawn.what === 99 &&
            (await send(project, 'GET', `volumes/${other}`, undefined, undefined))?.status !== 404
          )
            foreign.push(other)
        }
      }
    }),
  )

  const first = await later()
  report('storage races', { ...counts, ...first.counts })
  expect(foreign).toEqual([])
  expect(first).toMatchObject({ complete: true, unmended: 0 })
  expect(await later()).toMatchObject({ complete: true, counts: {} })

  const [volumes, snapshots]: [VolumeRecord[], SnapshotRecord[]] = [
    await items('VOLUME'),
    await items('SNAPSHOT'),
  ]
  expect([...volumes, ...snapshots].filter(({ work }) => work !== null)).toEqual([])
  const attachments = volumes.flatMap((volume) =>
    Object.values(volume.attachments).map((one) => ({ volume, one })),
  )
  expect(attachments.filter(({ one }) => one.work !== null)).toEqual([])

  const { simulator } = system.cluster
  const onCluster = (things: Iterable<{ name: string; globalId: string; size: number }>) =>
    [...things].map(({ globalId: id, size }) => ({ id, size })).sort(byId)
  const inRecords = (records: readonly (VolumeRecord | SnapshotRecord)[]) =>
    records
      .flatMap(({ globalId, size }) => (globalId === null ? [] : [{ id: globalId, size: size * 2 ** 30 }]))
      .sort(byId)
  expect(onCluster(simulator.volumes.values())).toEqual(inRecords(volumes))
  const lasting = new Set(
    simulator.state().snapshots.flatMap(({ name, transient }) => (transient ? [] : name)),
  )
  expect(onCluster([...simulator.snapshots.values()].filter(({ name }) => lasting.has(name)))).toEqual(
    inRecords(snapshots),
  )

  const pages = await items('ATTACHMENTS')
  const there = new Set(volumes.map(({ globalId }) => globalId))
  const booked = pages.flatMap(({ pk, attachments: all = {} }) => {
    const globalId = pk.replace('ATTACHMENTS#', '')
    return there.has(globalId) ? Object.values<any>(all).map((one) => ({ ...one, globalId })) : []
  })
  // What was only meant, and never came to the cluster, is gone on with by whoever asks again.
  const whole = booked.filter(({ state }) => state === 'attached')
  const holds = new Set(whole.map(({ globalId, clientId }) => `${globalId} ${clientId}`))
  expect(new Set(simulator.attachments.map(({ globalId, client }) => `${globalId} ${client}`))).toEqual(holds)
  const ids = new Set(booked.map(({ id }) => id))
  const connected = attachments.filter(({ one }) => one.connection !== null)
  expect(connected.filter(({ one }) => !ids.has(one.id))).toEqual([])
  expect(new Set((await items('ATTACHMENT')).map(({ id }) => id))).toEqual(
    new Set(attachments.map(({ one }) => one.id)),
  )

  for (const project of projects) {
    const sum: Record<string, number> = {}
    const add = (amounts: Amounts) => {
      for (const [name, amount] of Object.entries(amounts)) sum[name] = (sum[name] ?? 0) + amount
    }
    for (const one of volumes) if (one.project === project) add(volumeAmounts(one.size, one.typeId))
    for (const one of snapshots) if (one.project === project) add(snapshotAmounts(one.size, one.typeId))
    const { used, reservations } = await system.storage().quotas.read(project)
    const counted = Object.fromEntries(Object.entries(used).filter(([, amount]) => amount !== 0))
    expect({ counted, reservations }).toEqual({ counted: sum, reservations: {} })
  }
})
