import { DriverError } from '../errors.ts'
import { isAmbiguous } from '../storpool/errors.ts'
import type { AttachingBackend, Page } from './backend.ts'
import { turn } from './book.ts'
import { isTaken, takenBy } from './claim.ts'

/** That the owner of an object on the cluster is being changed: for the moment that takes, nobody else is to change it. */
export interface Hold {
  /** Of the record that it is being given to, or taken from. */
  readonly id: string
  /** Epoch milliseconds. */
  readonly until: number
  /** Taken once more before it was over: whoever took it first may be dead, or at work still. */
  readonly again?: boolean | undefined
}

/** A function has 29 s, and whoever was cut off has its work taken up after 45 s: it is over then. */
const HOLD_MS = 40_000

/** Whether a hold counts still. */
export const isHeld = (hold: Hold | undefined, now = Date.now()): hold is Hold =>
  hold !== undefined && hold.until > now

interface Held {
  readonly globalId: string
  readonly name: string
}

/**
 * Change the owner of a volume or a snapshot while nobody else does. StorPool writes no tag on a condition, so its page of
 * the book decides who may; what its tags say is to be read within. The same id gets in again, as a repeat has to.
 *
 * @param id of the record it is given to, or taken from.
 * @param change is not under way any more when it ends, unless it ends in doubt: then the hold stays until it is over.
 * @throws DriverError Conflict: somebody else is at it this moment. VolumeIsBusy: a job has it.
 */
export async function holding<T>(
  backend: AttachingBackend,
  object: Held,
  id: string,
  change: () => Promise<T>,
): Promise<T> {
  await turn(backend.attachments, object.globalId, (page) => held(backend, page, object, id))
  // One that was taken again is left to its end: of two at work, nobody knows who ends last.
  const letGo = () =>
    turn(backend.attachments, object.globalId, (page) =>
      page.hold?.id === id && !page.hold.again ? { ...page, hold: undefined } : page,
    ).catch(() => 'it ends by itself')
  try {
    const result = await change()
    await letGo()
    return result
  } catch (error) {
    // What may still reach StorPool is not to find another owner there.
    if (!isAmbiguous(error)) await letGo()
    throw error
  }
}

function held(backend: AttachingBackend, page: Page, { name }: Held, id: string): Page {
  if (isTaken(backend, page.claim)) throw takenBy(name, page.claim)
  const now = Date.now()
  const again = isHeld(page.hold, now)
  if (isHeld(page.hold, now) && page.hold.id !== id) throw heldAs(name, page.hold, 'Conflict')
  return { ...page, hold: { id, until: now + HOLD_MS, ...(again && { again }) } }
}

/** @param kind VolumeIsBusy to who has nothing to do with owners. */
export const heldAs = (name: string, { id }: Hold, kind: 'Conflict' | 'VolumeIsBusy'): DriverError =>
  new DriverError(kind, `${name} is being managed or let go as ${id} at this moment`, {
    remedy: 'Repeat in a minute, when it says whose it is.',
    details: { owner: id },
  })
