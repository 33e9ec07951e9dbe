import type { AttachmentRecord, Thing } from './records.ts'
import { attachmentView, shownName, summary } from './views.ts'
import { farAway, type World } from './world.ts'

export type Listed = ReturnType<typeof summary>
export type ListedAttachment = ReturnType<typeof attachmentView>

const isLiving = (kind: Thing['kind']) => (thing: Thing) =>
  thing.kind === kind && !thing.deleted && thing.cluster !== farAway.cluster

/** The living objects of a kind, seen as they are at each look. Names of the first cluster come first. */
export const liveThings = (world: World, kind: Thing['kind']): ReadonlyMap<string, Listed> => {
  const show = (thing: Thing) => summary(world, thing, true)
  const get = (name: string): Listed | undefined => {
    const found = name.startsWith('~')
      ? world.things.get(name.slice(1))
      : world.clusters.map(({ id }) => world.named(id, name)).find((thing) => thing !== undefined)
    return found !== undefined && isLiving(kind)(found) && shownName(found) === name ? show(found) : undefined
  }
  function* entries(): MapIterator<[string, Listed]> {
    for (const thing of world.things.values()) {
      if (isLiving(kind)(thing)) yield [shownName(thing), show(thing)]
    }
  }
  function* part<T>(pick: (entry: [string, Listed]) => T): MapIterator<T> {
    for (const entry of entries()) yield pick(entry)
  }
  const map: ReadonlyMap<string, Listed> = {
    get size() {
      return [...world.things.values()].filter(isLiving(kind)).length
    },
    get,
    has: (name) => get(name) !== undefined,
    entries,
    keys: () => part(([name]) => name),
    values: () => part(([, thing]) => thing),
    forEach: (each) => {
      for (const [name, thing] of entries()) each(thing, name, map)
    },
    [Symbol.iterator]: entries,
  }
  return map
}

export const liveAttachments = (world: World) =>
  [...world.attachments.values()].map((record: AttachmentRecord) => attachmentView(world, record, true))
