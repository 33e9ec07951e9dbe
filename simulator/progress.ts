import type { Site } from './call.ts'
import { pieceBytes, pieces } from './pieces.ts'
import { changesPlacement } from './placement.ts'
import type { Policy, Thing } from './records.ts'

/** Pieces that have gone a way which so many bytes go per second; all of them where it takes no time. */
const gone = (site: Site, thing: Thing, since: number, bytesPerSecond: number): number => {
  const all = pieces(thing.size)
  if (bytesPerSecond === 0) return all
  return Math.min(all, Math.floor(((site.now() - since) / 1000) * (bytesPerSecond / pieceBytes)))
}

/** How many of an object's pieces are in its cluster, and how many where its policy wants them. */
export const placedPieces = (site: Site, thing: Thing) => {
  const { relocationBytesPerSecond, remoteCopyBytesPerSecond } = site.knobs
  const all = pieces(thing.size)
  const here =
    thing.arriving === undefined ? all : gone(site, thing, thing.arriving, remoteCopyBytesPerSecond)
  const relocated =
    thing.relocating === undefined ? all : gone(site, thing, thing.relocating.since, relocationBytesPerSecond)
  return { here, settled: Math.min(here, relocated) }
}

export const isMigrating = (site: Site, thing: Thing): boolean =>
  placedPieces(site, thing).settled < pieces(thing.size)

/** What a change of policy adds to an object whose data it moves. */
export const relocatingFrom = (site: Site, from: Policy, to: Policy): Pick<Partial<Thing>, 'relocating'> =>
  site.knobs.relocationBytesPerSecond > 0 && changesPlacement(from, to)
    ? { relocating: { from, since: site.now() } }
    : {}

/** What another cluster adds to an object that it comes to own. */
export const arrivingNow = (site: Site): Pick<Partial<Thing>, 'arriving'> =>
  site.knobs.remoteCopyBytesPerSecond > 0 ? { arriving: site.now() } : {}

/** What a rebase changes: the parent at once, or a note that it will. */
export const rebasingTo = (
  site: Site,
  thing: Thing,
  to: string,
): Pick<Partial<Thing>, 'parent' | 'rebasing'> =>
  site.knobs.rebaseBytesPerSecond > 0 && thing.parent !== to
    ? { rebasing: thing.rebasing?.to === to ? thing.rebasing : { to, since: site.now() } }
    : { parent: to }

/** Let those go from their parents that have all their data by now. */
export const finishRebases = (site: Site): void => {
  const { world, knobs } = site
  for (const gid of [...world.rebasing]) {
    const thing = world.things.get(gid)
    if (thing?.rebasing === undefined) continue
    const { to, since } = thing.rebasing
    if (gone(site, thing, since, knobs.rebaseBytesPerSecond) < pieces(thing.size)) continue
    world.change(thing.cluster, () =>
      world.things.put(gid, { ...thing, parent: world.things.has(to) ? to : '', rebasing: undefined }),
    )
  }
}
