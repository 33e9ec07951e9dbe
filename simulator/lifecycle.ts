import type { Knobs } from './knobs.ts'
import type { Thing } from './records.ts'
import type { World } from './world.ts'

/**
 * What the cluster does by itself: snapshots that are deleted in the background, at their date, or when nobody
 * needs them any more.
 *
 * @param now Unix milliseconds, for dates
 */
export const openLifecycle = (world: World, knobs: () => Knobs, now: () => number) => {
  /** When a deleted snapshot may go, by this process's own clock: a delay is a delay whatever the date. */
  const due = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined
  let closed = false
  /** The first deletion date, Unix milliseconds, as of the last look. */
  let soonest = Number.POSITIVE_INFINITY

  /** Take a snapshot out of its tree; its children move up to its parent. */
  const finish = (snapshot: Thing) => {
    for (const gid of [...world.childrenOf(snapshot.gid)]) {
      const child = world.things.get(gid)
      if (child !== undefined) world.things.put(gid, { ...child, parent: snapshot.parent })
    }
    world.things.drop(snapshot.gid)
    due.delete(snapshot.gid)
  }

  const isDue = (gid: string) => (due.get(gid) ?? 0) <= performance.now()
  const onLoose = (gid: string) => {
    const snapshot = world.things.get(gid)
    if (snapshot === undefined || snapshot.kind !== 'snapshot') return
    const held = world.childrenOf(gid).size
    const collected = (snapshot.bound || snapshot.transient) && held === 0 && !world.isAttached(gid)
    if (collected || (snapshot.deleted && held <= 1 && isDue(gid))) finish(snapshot)
  }
  world.hooks.onLoose = onLoose

  /** Mark a snapshot as being deleted: its name is free at once, it stays in the lists for a while. */
  const begin = (snapshot: Thing) => {
    world.things.put(snapshot.gid, {
      ...snapshot,
      name: snapshot.name === '' ? '' : `*${snapshot.name}`,
      deleted: true,
      deleteDate: 0,
    })
    due.set(snapshot.gid, performance.now() + knobs().snapshotDeleteDelayMs)
    world.later(arm)
  }

  const findSoonest = () => {
    soonest = Number.POSITIVE_INFINITY
    for (const gid of world.dated) {
      soonest = Math.min(soonest, (world.things.get(gid)?.deleteDate ?? soonest) * 1000)
    }
  }

  /** Do what has come due. */
  const sweep = () => {
    for (const gid of [...world.dying]) {
      const snapshot = world.things.get(gid)
      if (snapshot === undefined || !isDue(gid) || world.childrenOf(gid).size > 1) continue
      world.change(snapshot.cluster, () => finish(snapshot))
    }
    for (const gid of [...world.dated]) {
      const snapshot = world.things.get(gid)
      if (snapshot === undefined || snapshot.deleteDate * 1000 > now() || world.isAttached(gid)) continue
      world.change(snapshot.cluster, () => begin(snapshot))
    }
    arm()
  }

  const sweepQuietly = () => {
    try {
      sweep()
    } catch {
      // The folder cannot be written now; the calls say so. Later it may go again.
      arm()
    }
  }

  function arm() {
    clearTimeout(timer)
    if (closed) return
    findSoonest()
    let wait = Math.max(soonest - now(), 20)
    for (const gid of world.dying) {
      if (world.childrenOf(gid).size <= 1) wait = Math.min(wait, (due.get(gid) ?? 0) - performance.now())
    }
    if (wait === Number.POSITIVE_INFINITY) return
    timer = setTimeout(sweepQuietly, Math.min(Math.max(wait, 1), 1000))
    timer.unref()
  }

  return {
    begin,
    arm,
    /** Delete what should be gone by now; costs nothing while the first date is ahead. */
    sweepDates: () => {
      if (soonest <= now()) sweep()
    },
    close: () => {
      closed = true
      clearTimeout(timer)
    },
  }
}
export type Lifecycle = ReturnType<typeof openLifecycle>
