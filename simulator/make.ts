import type { Call } from './call.ts'
import { type Contents, contentsOf, discard, mustCopy, pointInTime } from './contents.ts'
import { exclusively, whenFree } from './lookup.ts'
import type { Placed } from './placement.ts'
import type { Thing } from './records.ts'

type Given = Placed & Contents & Pick<Thing, 'kind' | 'cluster' | 'size'> & Partial<Thing>

/** Make a volume or a snapshot, inside a change: with the next number, and a global id that follows from it. */
export const make = (call: Call, given: Given): Thing => {
  const { world, seconds } = call.site
  const id = world.nextId()
  const thing: Thing = {
    id,
    gid: `${given.cluster}.${id.toString(36)}`,
    name: '',
    parent: '',
    tags: {},
    created: seconds(),
    from: '',
    fromId: 0,
    autoName: false,
    bound: false,
    deleted: false,
    transient: false,
    deleteDate: 0,
    remoteId: '',
    backup: false,
    ...given,
  }
  world.things.put(thing.gid, thing)
  return thing
}

/** Make a snapshot of a volume, inside a change: it comes between the volume and the volume's parent. */
export const makeSnapshot = (call: Call, volume: Thing, contents: Contents, given: Partial<Thing>): Thing => {
  const { world } = call.site
  const { cluster, size, template, policy, pinned, parent, gid } = volume
  const snapshot = make(call, {
    ...{ kind: 'snapshot', cluster, size, template, policy, pinned, parent, ...contents },
    from: gid,
    fromId: volume.id,
    ...given,
  })
  const named =
    snapshot.name === ''
      ? { ...snapshot, name: `${volume.name === '' ? gid : volume.name}@${snapshot.id}`, autoName: true }
      : snapshot
  world.things.put(gid, { ...volume, parent: snapshot.gid })
  world.things.put(snapshot.gid, named)
  return named
}

/**
 * Take one point in time of all the volumes and make new objects of it in the same turn.
 *
 * @param read finds the volumes and checks what can be refused; run before anything is copied and again afterwards
 */
export const atPointInTime = <T>(
  call: Call,
  read: () => readonly Thing[],
  commit: (contents: (volume: Thing) => Contents) => T,
): Promise<T> =>
  whenFree(call, read, (volumes) => {
    if (!volumes.some((volume) => mustCopy(call.site, volume))) return commit(contentsOf)
    return exclusively(call, read, () => copied(call, volumes, read, commit))
  })

const copied = async <T>(
  call: Call,
  volumes: readonly Thing[],
  read: () => readonly Thing[],
  commit: (contents: (volume: Thing) => Contents) => T,
): Promise<T> => {
  const taken = new Map<string, Contents>()
  try {
    for (const volume of volumes) taken.set(volume.gid, await pointInTime(call.site, volume))
    read()
    return commit((volume) => taken.get(volume.gid) ?? contentsOf(volume))
  } catch (error) {
    for (const contents of taken.values()) discard(call, contents)
    throw error
  }
}

/** The tags after a write. An empty value removes the tag. */
export const writeTags = (
  mode: 'merge' | 'replace',
  before: Readonly<Record<string, string>>,
  written: Readonly<Record<string, string>> | undefined,
): Record<string, string> => {
  if (written === undefined) return { ...before }
  const all = mode === 'merge' ? { ...before, ...written } : written
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''))
}
