import { openLedger } from './ledger.ts'
import {
  AttachmentRecord,
  BucketRecord,
  Counter,
  DiskRecord,
  ExportRecord,
  GroupRecord,
  TemplateRecord,
  Thing,
} from './records.ts'
import type { Store } from './store.ts'

export interface Cluster {
  /** `location.cluster`, the first two parts of the global ids it makes. */
  readonly id: string
  readonly name: string
  /** Ids of the clients that are registered. */
  readonly clients: ReadonlySet<number>
}

const range = (from: number, to: number) => new Set(Array.from({ length: to - from + 1 }, (_, i) => from + i))

/** A location's clusters; the first is the one whose endpoint this is. */
const clustersOf = (location: string) =>
  [
    { id: `${location}.a`, name: 'alpha', clients: range(1, 16) },
    { id: `${location}.b`, name: 'beta', clients: range(21, 24) },
  ] as const satisfies readonly Cluster[]
export type Clusters = ReturnType<typeof clustersOf>

export const defaultLocation = 'sim'

/** A location elsewhere that takes backups; nobody can ask it for anything but those. */
export const farAway = { id: 'far', name: 'far', cluster: 'far.a' } as const

const index = <K>() => {
  const sets = new Map<K, Set<string>>()
  return {
    of: (key: K): ReadonlySet<string> => sets.get(key) ?? new Set<string>(),
    add: (key: K, member: string) => {
      const set = sets.get(key)
      if (set === undefined) sets.set(key, new Set([member]))
      else set.add(member)
    },
    remove: (key: K, member: string) => {
      const set = sets.get(key)
      set?.delete(member)
      if (set?.size === 0) sets.delete(key)
    },
  }
}

/** Key of a record that belongs to a cluster and has a name or a number there. */
export const keyOf = (cluster: string, name: string | number) => `${cluster}/${name}`
export const attachmentKey = (gid: string, client: number) => `${gid}@${client}`

/**
 * Everything the clusters of the location hold, with the indexes that make a call on one object cheap.
 *
 * @throws Error the store is another location's
 */
export const openWorld = (store: Store, location: string) => {
  const clusters = clustersOf(location)
  const ledger = openLedger(store)
  const names = new Map<string, string>()
  const children = index<string>()
  const users = index<number>()
  const attachedTo = index<string>()
  const heldBy = index<number>()
  const dated = new Set<string>()
  const dying = new Set<string>()
  const rebasing = new Set<string>()
  /** Since the change began: clusters that changed, objects that lost a child or a holder, files that lost a user. */
  const touched = { clusters: new Set<string>(), loose: new Set<string>(), files: new Set<number>() }
  const hooks = {
    onLoose: (_gid: string) => {},
    onUnused: (_file: number) => {},
    onChanged: (_cluster: string) => {},
  }

  const things = ledger.table('thing', Thing, (before, after) => {
    if (before !== undefined) {
      touched.clusters.add(before.cluster)
      const key = keyOf(before.cluster, before.name)
      if (names.get(key) === before.gid) names.delete(key)
      if (before.parent !== '') {
        children.remove(before.parent, before.gid)
        touched.loose.add(before.parent)
      }
      if (before.file !== 0) {
        users.remove(before.file, before.gid)
        touched.files.add(before.file)
      }
      dated.delete(before.gid)
      dying.delete(before.gid)
      rebasing.delete(before.gid)
    }
    if (after !== undefined) {
      touched.clusters.add(after.cluster)
      if (after.name !== '') names.set(keyOf(after.cluster, after.name), after.gid)
      if (after.parent !== '') children.add(after.parent, after.gid)
      if (after.file !== 0) users.add(after.file, after.gid)
      if (after.deleteDate > 0 && !after.deleted) dated.add(after.gid)
      if (after.deleted) dying.add(after.gid)
      if (after.rebasing !== undefined) rebasing.add(after.gid)
      if (after.bound) touched.loose.add(after.gid)
    }
  })
  const attachments = ledger.table('attachment', AttachmentRecord, (before, after) => {
    const one = after ?? before
    if (one === undefined) return
    touched.clusters.add(one.cluster)
    const key = attachmentKey(one.gid, one.client)
    if (after === undefined) {
      attachedTo.remove(one.gid, key)
      heldBy.remove(one.client, key)
      touched.loose.add(one.gid)
    } else {
      attachedTo.add(one.gid, key)
      heldBy.add(one.client, key)
    }
  })
  const templates = ledger.table('template', TemplateRecord)
  const groups = ledger.table('group', GroupRecord)
  const disks = ledger.table('disk', DiskRecord)
  const buckets = ledger.table('bucket', BucketRecord)
  const exports = ledger.table('export', ExportRecord)
  const counters = ledger.table('counter', Counter)

  for (const { cluster } of disks.values()) {
    if (clusters.every(({ id }) => id !== cluster)) throw new Error(`it is of cluster ${cluster}`)
  }

  const read = (counter: string) => counters.get(counter) ?? 0
  const settle = () => {
    for (const gid of touched.loose) hooks.onLoose(gid)
    for (const cluster of touched.clusters) {
      counters.put(`generation ${cluster}`, read(`generation ${cluster}`) + 1)
      ledger.later(() => hooks.onChanged(cluster))
    }
    for (const file of touched.files) if (users.of(file).size === 0) ledger.later(() => hooks.onUnused(file))
  }
  const begin = (cluster: string | undefined) => {
    for (const set of Object.values(touched)) set.clear()
    if (cluster !== undefined) touched.clusters.add(cluster)
  }
  let inside = false

  return {
    clusters,
    things,
    attachments,
    templates,
    groups,
    disks,
    buckets,
    exports,
    hooks,
    dated,
    dying,
    rebasing,
    later: ledger.later,
    generation: (cluster: string) => read(`generation ${cluster}`) + 1,
    /** The next of the numbers that objects are made with; never given out twice. */
    nextId: () => {
      counters.put('id', read('id') + 1)
      return read('id')
    },
    named: (cluster: string, name: string) => {
      const gid = names.get(keyOf(cluster, name))
      return gid === undefined ? undefined : things.get(gid)
    },
    childrenOf: (gid: string) => children.of(gid),
    /** Global ids of the objects whose bytes are in this file. */
    usersOf: (file: number) => users.of(file),
    attachmentsOf: (gid: string) => [...attachedTo.of(gid)].flatMap((key) => attachments.get(key) ?? []),
    isAttached: (gid: string) => attachedTo.of(gid).size > 0,
    attachmentsHeldBy: (client: number) =>
      [...heldBy.of(client)].flatMap((key) => attachments.get(key) ?? []),
    countHeldBy: (client: number) => heldBy.of(client).size,
    /** Change the objects, asked at `cluster`: as a whole or, when something is refused, not at all. */
    change: <T>(cluster: string, run: () => T): T => {
      if (inside) return run()
      inside = true
      begin(cluster)
      try {
        return ledger.change(run, settle)
      } finally {
        inside = false
      }
    },
    /** A change that no cluster's configuration shows, such as where bytes are kept. */
    quietly: (run: () => void) => {
      begin(undefined)
      inside = true
      try {
        ledger.change(run, () => {
          touched.clusters.clear()
          settle()
        })
      } finally {
        inside = false
      }
    },
    clear: () => {
      store.clear()
      for (const table of [things, attachments, templates, groups, disks, buckets, exports, counters])
        table.clear()
    },
  }
}
export type World = ReturnType<typeof openWorld>
