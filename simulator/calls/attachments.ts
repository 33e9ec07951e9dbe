import * as z from 'zod'
import { SnapshotReassignDesc, VolumeReassignDesc } from '../../lib/storpool/schema/asked.ts'
import { Seconds } from '../../lib/storpool/schema/values.ts'
import { type Call, get, ok, parseBody, post, type Queries } from '../call.ts'
import { fence, makeReady } from '../contents.ts'
import { invalid, missing } from '../errors.ts'
import { exclusively, find, scope } from '../lookup.ts'
import { moveTo, type OnAttached } from '../move.ts'
import type { Thing } from '../records.ts'
import { attachmentView } from '../views.ts'
import { attachmentKey } from '../world.ts'
import { checkDetach, detach } from './detach.ts'

const VolumesReassignWait = z.strictObject({
  reassign: z.array(z.unknown()),
  attachTimeout: Seconds.optional(),
})

/** What one item asks for. */
interface Item {
  readonly kind: Thing['kind']
  readonly ref: string
  readonly detach: readonly number[] | 'all'
  readonly ro: readonly number[]
  readonly rw: readonly number[]
  readonly force: boolean
  /** What to do with a volume of another cluster. */
  readonly mode: 'move' | 'export'
  readonly onRemoteAttached: OnAttached
}

const parseItem = (item: unknown): Item => {
  if (typeof item === 'object' && item !== null && 'snapshot' in item && !('volume' in item)) {
    const { snapshot: ref, detach = [], ro = [], force = false } = parseBody(SnapshotReassignDesc, item)
    return { kind: 'snapshot', ref, detach, ro, rw: [], force, mode: 'export', onRemoteAttached: 'export' }
  }
  const parsed = parseBody(VolumeReassignDesc, item)
  const { volume: ref, detach = [], ro = [], rw = [], force = false } = parsed
  if (rw.some((client) => ro.includes(client))) throw invalid('A client is named in both "ro" and "rw"')
  const { mcMode: mode = 'move', onRemoteAttached = 'export' } = parsed
  return { kind: 'volume', ref, detach, ro, rw, force, mode, onRemoteAttached }
}

const attachedBy = (item: Item) => [...new Set([...item.ro, ...item.rw])]

/** The object of an item, with what can be refused about it. */
const read = (call: Call, item: Item): Thing => {
  const thing = find(call, item.kind, item.ref)
  for (const client of attachedBy(item)) {
    if (!call.cluster.clients.has(client)) throw invalid('No such client registered')
  }
  if (attachedBy(item).length > 0) {
    if (thing.deleted) throw missing('Snapshot', item.ref)
    if (thing.transient) throw invalid(`Snapshot "${item.ref}" is transient and cannot be attached`)
  }
  return thing
}

const detachedBy = (call: Call, item: Item, thing: Thing) =>
  item.detach === 'all' ? call.site.world.attachmentsOf(thing.gid).map(({ client }) => client) : item.detach

const freePosition = (call: Call, client: number): number => {
  const { world, knobs } = call.site
  if (world.countHeldBy(client) >= knobs.maxAttachmentsPerClient) {
    throw invalid(`Client ${client} has no free attachment position`)
  }
  const used = new Set(world.attachmentsHeldBy(client).map(({ pos }) => pos))
  let pos = 0
  while (used.has(pos)) pos++
  return pos
}

/** Bring a volume of another cluster here, where the item asks for that and nobody is in the way. */
const bring = (call: Call, item: Item, thing: Thing): Thing => {
  const here = call.cluster.id
  if (thing.cluster === here || item.mode === 'export' || attachedBy(item).length === 0) return thing
  const stays = item.onRemoteAttached === 'export' && call.site.world.isAttached(thing.gid)
  return stays ? thing : moveTo(call, thing, here, item.onRemoteAttached)
}

const attach = (call: Call, thing: Thing, client: number, rights: 'rw' | 'ro') => {
  const { world, hosts } = call.site
  const key = attachmentKey(thing.gid, client)
  const before = world.attachments.get(key)
  if (before?.rights === rights) return
  const pos = before?.pos ?? freePosition(call, client)
  world.attachments.put(key, { gid: thing.gid, cluster: call.cluster.id, client, rights, pos })
  world.later(() => hosts.follow(client, thing.gid))
}

/** Carry out all items, inside one change. Who is named to detach and to attach stays attached. */
const apply = (call: Call, items: readonly Item[]) => {
  for (const item of items) {
    const thing = bring(call, item, read(call, item))
    const staying = attachedBy(item)
    for (const client of detachedBy(call, item, thing)) {
      if (staying.includes(client)) continue
      checkDetach(call, thing, client, item.force)
      detach(call, thing, client)
    }
    for (const client of item.rw) attach(call, thing, client, 'rw')
    for (const client of item.ro) attach(call, thing, client, 'ro')
  }
}

/** Whether the item takes the object from somebody by force, and leaves it to nobody who has it. */
const cutsOff = (call: Call, item: Item, thing: Thing) => {
  const holders = call.site.world.attachmentsOf(thing.gid).map(({ client }) => client)
  const leaving = detachedBy(call, item, thing)
  return (
    item.force &&
    holders.some((client) => leaving.includes(client)) &&
    !holders.some((client) => attachedBy(item).includes(client))
  )
}

const reassign = (call: Call, items: readonly Item[]) => {
  const { site } = call
  return exclusively(
    call,
    () => items.map((item) => read(call, item)),
    async () => {
      for (const item of items) if (cutsOff(call, item, read(call, item))) await fence(site, read(call, item))
      for (const item of items) if (attachedBy(item).length > 0) await makeReady(site, read(call, item))
      site.world.change(call.cluster.id, () => apply(call, items))
    },
  )
}

/**
 * The body is an object; a bare array, as pve-storpool posts it, means its `reassign`.
 *
 * @see python-storpool 7.3.0, sptypes.py `VolumesReassignWaitDesc`: what `attachTimeout` means
 */
const volumesReassignWait = async (call: Call, body: unknown) => {
  const list = Array.isArray(body) ? { reassign: body } : body
  const { reassign: raw, attachTimeout } = parseBody(VolumesReassignWait, list)
  const items = raw.map(parseItem)
  for (const item of items) read(call, item)
  const { hosts } = call.site
  if (
    attachTimeout !== 0 &&
    !(await hosts.present(items.flatMap(attachedBy), attachTimeout, call.untilGone()))
  ) {
    throw invalid('No such client registered')
  }
  await reassign(call, items)
  await hosts.caughtUp(call.untilGone())
  return ok(call)
}

const volumesReassign = async (call: Call, body: readonly unknown[]) => {
  await reassign(call, body.map(parseItem))
  return ok(call)
}

const attachmentsList = (call: Call) => {
  const { world } = call.site
  const where = scope(call)
  const found = []
  for (const record of world.attachments.values()) {
    if (where.includes(record.cluster)) found.push(attachmentView(world, record, call.multi))
  }
  return found
}

export const attachmentCalls: Queries = {
  AttachmentsList: get(attachmentsList, { multi: true }),
  VolumesReassignWait: post(z.unknown(), volumesReassignWait, { multi: true }),
  VolumesReassign: post(z.array(z.unknown()), volumesReassign, { multi: true }),
}
