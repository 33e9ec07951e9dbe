import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import * as z from 'zod'
import { jsonIn } from '../lib/json.ts'
import { Refusal } from './refusal.ts'
import type { Restic } from './restic.ts'

/** How long somebody else's work is waited for, before the caller is told to come again. */
const patienceMs = 20_000
/** restic renews a lock every five minutes, and takes one that was not for a dead one's. */
const staleMs = 30 * 60_000

/** @see restic 0.14.0, `cat lock` */
const Lock = z.looseObject({ time: z.string(), hostname: z.string(), pid: z.int(), uid: z.int().default(0) })
type Lock = z.infer<typeof Lock>

/**
 * Do what needs a lock of the repository, or must not meet others' work in it. Locks of the dead are removed; the living
 * are waited for a while.
 *
 * @throws Refusal `repository_locked`
 */
export const whenUnlocked = async <T>(
  restic: Restic,
  work: () => Promise<T>,
  waitMs = patienceMs,
): Promise<T> => {
  const until = performance.now() + waitMs
  for (let pause = 250; ; pause = Math.min(pause * 2, 4_000)) {
    try {
      return await work()
    } catch (error) {
      if (!isLocked(error)) throw error
      if (await removeStale(restic)) continue
      if (performance.now() + pause > until) throw error
      await sleep(pause, undefined, { signal: restic.signal })
    }
  }
}

const isLocked = (error: unknown) => error instanceof Refusal && error.code === 'repository_locked'

/**
 * Remove locks whose holder is gone. restic's own `unlock` finds that out by sending a signal to the process of that
 * number on this host, whatever that is by now, and takes one it may not signal for dead. So it is only let loose where
 * that does no harm.
 *
 * @returns whether there was one to remove
 * @see restic 0.14.0, internal/restic/lock.go `Stale`, lock_unix.go `processExists`
 */
const removeStale = async (restic: Restic): Promise<boolean> => {
  const ids = await idsOf(restic)
  const locks = await Promise.all(ids.map((id) => lockOf(restic, id)))
  const uid = restic.user?.uid ?? process.getuid?.()
  const states = await Promise.all(locks.map((lock) => stateOf(lock, uid)))
  if (!states.includes('dead') || states.includes('unsafe')) return false
  try {
    await restic.run(['unlock'])
    // restic takes a process that its parent has not waited for for a living one.
    const left = await idsOf(restic)
    return ids.some((id, at) => states[at] === 'dead' && !left.includes(id))
  } catch (error) {
    // Another is at it too.
    if (isLocked(error)) return false
    throw error
  }
}

const idsOf = async (restic: Restic) =>
  (await restic.run(['list', 'locks', '--no-lock', '--quiet'])).split('\n').filter((id) => id !== '')

const lockOf = async (restic: Restic, id: string): Promise<Lock | undefined> =>
  restic.run(['cat', 'lock', id, '--no-lock', '--quiet']).then(
    (said) => Lock.safeParse(jsonIn(said)).data,
    (error: unknown) => {
      // Gone since it was listed, or unreadable: it is not decided on.
      restic.signal.throwIfAborted()
      if (error instanceof Refusal) return undefined
      throw error
    },
  )

/** `unsafe`: alive, and restic's own look at it would hit somebody else or lead it to think otherwise. */
const stateOf = async (
  lock: Lock | undefined,
  uid: number | undefined,
): Promise<'dead' | 'alive' | 'unsafe'> => {
  if (lock === undefined) return 'alive'
  if (Date.now() - Date.parse(lock.time) > staleMs) return 'dead'
  if (lock.hostname !== hostname()) return 'alive'
  const holder = await processOf(lock.pid)
  if (holder === undefined) return 'dead'
  return holder.name === 'restic' && holder.uid === uid ? 'alive' : 'unsafe'
}

const processOf = async (pid: number): Promise<{ name: string; uid: number } | undefined> => {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => undefined)
  if (status === undefined || /^State:\s+Z/m.test(status)) return undefined
  const [, name = ''] = /^Name:\s+(.*)$/m.exec(status) ?? []
  const [, uid] = /^Uid:\s+(\d+)/m.exec(status) ?? []
  return { name, uid: Number(uid) }
}
