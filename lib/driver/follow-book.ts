import { DriverError } from '../errors.ts'
import { volumesReassignWait } from '../storpool/attachments.ts'
import { isRefusal } from '../storpool/errors.ts'
import { type Attachable, named } from './attachable.ts'
import type { AttachingBackend, Page } from './backend.ts'
import { entries, modeOn } from './book.ts'

/** Every time round another writer got through. */
const TRIES = 25

/**
 * After a change on the cluster that was worked out from the page `from`: where the book has come to say something
 * else of the same clients meanwhile, the change may have undone what another writer had made of it. Make the cluster
 * what the book says by now, until the book holds still. Who writes an intent changes the cluster after it, so the last
 * one of those that meet finds both as they should be.
 *
 * @param kind of what the page is about.
 * @param clients whom the change was about.
 * @param page the book after the change.
 * @throws DriverError Conflict: too many writers at once.
 */
export async function followBook(
  backend: AttachingBackend,
  kind: Attachable['kind'],
  clients: 'all' | readonly number[],
  from: Page,
  page: Page,
): Promise<void> {
  let [done, now] = [from, page]
  for (let tries = 0; tries < TRIES; tries++) {
    const moved = differing(clients, done, now)
    if (moved.length === 0) return
    await makeSo(backend, kind, moved, now)
    done = now
    now = await backend.attachments.read(page.globalId)
  }
  throw new DriverError('Conflict', `too many changes at once to the attachments of ${page.globalId}`, {
    remedy: 'Repeat.',
  })
}

const differing = (clients: 'all' | readonly number[], one: Page, other: Page): number[] => {
  const all = clients === 'all' ? [one, other].flatMap(entries).map(({ clientId }) => clientId) : clients
  return [...new Set(all)].filter((clientId) => modeOn(one, clientId) !== modeOn(other, clientId))
}

const makeSo = async (
  backend: AttachingBackend,
  kind: Attachable['kind'],
  clients: readonly number[],
  page: Page,
): Promise<void> => {
  const having = (mode: 'rw' | 'ro' | undefined) =>
    clients.filter((clientId) => modeOn(page, clientId) === mode)
  const parts = { detach: having(undefined), rw: having('rw'), ro: having('ro') }
  const changes = Object.fromEntries(Object.entries(parts).filter(([, list]) => list.length > 0))
  try {
    await volumesReassignWait(backend.storpool, {
      reassign: [{ ...named({ globalId: page.globalId, kind }), ...changes }],
    })
  } catch (error) {
    // A volume that is gone has no attachments.
    if (!isRefusal(error, 'objectDoesNotExist')) throw error
  }
}
