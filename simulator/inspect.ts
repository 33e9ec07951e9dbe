import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { Bytes } from './bytes.ts'
import type { Site } from './call.ts'
import type { Thing } from './records.ts'
import { farAway, keyOf, type World } from './world.ts'

interface Inspected {
  /** Its name; where that holds a number of this run, the how-maniest of its kind it is. */
  readonly name: string
  readonly [member: string]: unknown
}
/** The parts of the state two simulators that saw the same operations agree on: no clocks, no ids. */
export interface State {
  readonly volumes: readonly Inspected[]
  readonly snapshots: readonly Inspected[]
  readonly attachments: readonly object[]
}

const byText = (a: object, b: object) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)

/** What an object is called where its own name may hold a number of this run: the how-maniest of its kind it is. */
const aliases = (world: World): ReadonlyMap<string, string> => {
  const living = [...world.things.values()].filter(({ deleted }) => !deleted).toSorted((a, b) => a.id - b.id)
  const counts = new Map<string, number>()
  const names = new Map<string, string>()
  for (const thing of living) {
    if (thing.name !== '' && !thing.autoName) {
      names.set(thing.gid, thing.name)
      continue
    }
    const stem = thing.autoName ? `${names.get(thing.from) ?? ''}@` : '~'
    counts.set(stem, (counts.get(stem) ?? 0) + 1)
    names.set(thing.gid, `${stem}${counts.get(stem)}`)
  }
  return names
}

const view = (world: World, names: ReadonlyMap<string, string>, thing: Thing) => ({
  name: names.get(thing.gid) ?? '',
  cluster: world.clusters.find(({ id }) => id === thing.cluster)?.name ?? farAway.name,
  parent: names.get(thing.parent) ?? '',
  size: thing.size,
  template: world.templates.get(keyOf(thing.cluster, thing.template))?.name ?? '',
  policy: thing.policy,
  tags: Object.fromEntries(Object.entries(thing.tags).toSorted(([a], [b]) => (a < b ? -1 : 1))),
  ...(thing.kind === 'snapshot'
    ? { from: names.get(thing.from) ?? '', bound: thing.bound, transient: thing.transient }
    : {}),
})

/** Living volumes and snapshots and the attachments, in a stable order. */
export const stateOf = (world: World): State => {
  const names = aliases(world)
  const living = [...world.things.values()].filter(({ deleted }) => !deleted)
  const of = (kind: Thing['kind']) =>
    living
      .filter((thing) => thing.kind === kind)
      .map((thing) => view(world, names, thing))
      .toSorted(byText)
  const attachments = [...world.attachments.values()]
    .map(({ gid, client, rights, pos }) => ({ volume: names.get(gid) ?? '', client, rights, pos }))
    .toSorted(byText)
  return { volumes: of('volume'), snapshots: of('snapshot'), attachments }
}

/**
 * The SHA-256 of an object's bytes, in hex: of all of them, up to its size. `zeros` for one that holds nothing else,
 * which is quickly told of an object nobody has written.
 */
export const digestOf = async (bytes: Bytes, thing: Thing): Promise<string> => {
  if (thing.file === 0 || (await bytes.stored(thing.file)) === 0) return 'zeros'
  const length = Math.min(thing.length, thing.size)
  await using handle = await open(bytes.pathOf(thing.file), 'r')
  const hash = createHash('sha256')
  const chunk = Buffer.allocUnsafe(4 * 1024 * 1024)
  const zeros = Buffer.alloc(chunk.length)
  let blank = true
  for (let at = 0; at < thing.size; ) {
    const wanted = Math.min(chunk.length, thing.size - at)
    const own = Math.max(0, Math.min(wanted, length - at))
    const { bytesRead } = own === 0 ? { bytesRead: 0 } : await handle.read(chunk, 0, own, at)
    chunk.fill(0, bytesRead, wanted)
    blank &&= chunk.compare(zeros, 0, wanted, 0, wanted) === 0
    hash.update(chunk.subarray(0, wanted))
    at += wanted
  }
  return blank ? 'zeros' : hash.digest('hex')
}

/** The state with a digest of every object's bytes. */
export const digestedState = async ({ world, bytes }: Site): Promise<State> => {
  const names = aliases(world)
  const digests = new Map<string, string>()
  for (const thing of world.things.values()) {
    if (!thing.deleted) digests.set(names.get(thing.gid) ?? '', await digestOf(bytes, thing))
  }
  const state = stateOf(world)
  const added = (list: State['volumes']) => list.map((one) => ({ ...one, content: digests.get(one.name) }))
  return { ...state, volumes: added(state.volumes), snapshots: added(state.snapshots) }
}
