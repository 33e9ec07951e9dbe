import { DriverError } from '../errors.ts'
import { volumesReassignWait } from '../storpool/attachments.ts'
import { isAmbiguous, isOpenAt, isRefusal } from '../storpool/errors.ts'
import { type Attachable, named } from './attachable.ts'
import type { AttachingBackend, Attachment, Page } from './backend.ts'
import { entries, isSame, modeOn, turn, withOnly } from './book.ts'
import { followBook } from './follow-book.ts'
import { busy, holdersOf } from './holders.ts'
import { lookAfter } from './settle.ts'

export interface Detach {
  readonly volume: Attachable
  /** Which attachments of the book end; may throw to refuse. */
  readonly ends: (attachment: Attachment) => boolean
  /** Clients that are to lose the volume though the book knows nothing of them, or all of them. */
  readonly clients: 'all' | readonly number[]
  /** Take the device away from under a process that has it open. Its writes fail. */
  readonly force: boolean
  /** The name the caller knows the volume by, where StorPool is to decide whose name that is. */
  readonly byName?: string | undefined
  /** The volume's page of the book, where the caller has just read it. */
  readonly seen?: Page
}

/**
 * End attachments: mark them in the book, let StorPool detach, strike them out. A client that keeps another
 * attachment keeps the volume. Run again, it goes on where it stood.
 *
 * @returns false where StorPool has no such volume (any more).
 * @throws DriverError VolumeIsBusy: a process on the host has the device open, and force was not asked for.
 */
export async function detach(backend: AttachingBackend, wanted: Detach): Promise<boolean> {
  const { volume } = wanted
  const marked = (page: Page) => {
    const ending = entries(page).filter(wanted.ends)
    if (ending.every(({ state }) => state === 'detaching')) return page
    return withOnly(
      page,
      entries(page).map((attachment) =>
        ending.includes(attachment) ? { ...attachment, state: 'detaching' } : attachment,
      ),
    )
  }
  const intent = await turn(backend.attachments, volume.globalId, marked, wanted.seen)
  const ended = entries(intent).filter(wanted.ends)
  let isThere: boolean
  try {
    isThere = await reassign(backend, wanted, intent, ended)
  } catch (error) {
    if (isAmbiguous(error)) throw error
    await putBack(backend, volume.globalId, ended)
    if (isRefusal(error, 'busy') || isOpenAt(error)) throw await busy(backend, 'VolumeIsBusy', volume, error)
    throw error
  }
  const struck = (page: Page) => {
    const left = entries(page).filter((attachment) => !ended.some((one) => isSame(one, attachment)))
    return left.length === entries(page).length ? page : withOnly(page, left)
  }
  const page = await turn(backend.attachments, volume.globalId, struck, intent)
  await followBook(backend, volume.kind, clientsOf(wanted, ended), intent, page)
  return isThere
}

const clientsOf = ({ clients }: Detach, ended: readonly Attachment[]): 'all' | readonly number[] =>
  clients === 'all' ? clients : [...new Set([...clients, ...ended.map(({ clientId }) => clientId)])]

async function reassign(
  backend: AttachingBackend,
  wanted: Detach,
  intent: Page,
  ended: readonly Attachment[],
): Promise<boolean> {
  const { volume, byName, force } = wanted
  const clients = clientsOf(wanted, ended)
  const touched = clients === 'all' ? [] : clients
  const losing = touched.filter((clientId) => modeOn(intent, clientId) === undefined)
  const lowered = touched.filter((clientId) => modeOn(intent, clientId) === 'ro')
  if (clients !== 'all' && losing.length === 0 && lowered.length === 0) return true
  try {
    await volumesReassignWait(backend.storpool, {
      reassign: [
        {
          ...named(volume, byName),
          ...(clients === 'all' || losing.length > 0 ? { detach: clients === 'all' ? 'all' : losing } : {}),
          ...(lowered.length > 0 ? { ro: lowered } : {}),
          ...(force ? { force } : {}),
        },
      ],
    })
  } catch (error) {
    if (isRefusal(error, 'objectDoesNotExist')) return false
    if (!isAmbiguous(error)) throw error
    const holders = (await lookAfter(error, () => holdersOf(backend, volume.globalId, byName))) ?? []
    const still = holders.filter(
      ({ client, rights }) =>
        clients === 'all' || losing.includes(client) || (rights === 'rw' && lowered.includes(client)),
    )
    if (still.length > 0) throw error
  }
  return true
}

/** StorPool did not detach: the attachments are as they were. */
const putBack = async (
  backend: AttachingBackend,
  globalId: string,
  ended: readonly Attachment[],
): Promise<void> => {
  await turn(backend.attachments, globalId, (page) =>
    withOnly(
      page,
      entries(page).map((attachment) =>
        ended.some((one) => isSame(one, attachment)) ? { ...attachment, state: 'attached' } : attachment,
      ),
    ),
  )
}

/** A caller that knows an attachment by its generation may end that one only. */
export const refuseStale = (attachment: Attachment, generation: number | undefined): void => {
  if (generation === undefined || attachment.generation === generation) return
  throw new DriverError(
    'StaleGeneration',
    `attachment ${attachment.id} is at generation ${attachment.generation}, not ${generation}`,
    {
      remedy: 'It is another connection by now: leave it alone.',
      details: { generation: attachment.generation },
    },
  )
}
