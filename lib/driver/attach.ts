import { DriverError } from '../errors.ts'
import { attachmentsList, volumesReassignWait } from '../storpool/attachments.ts'
import { isAmbiguous, isNoSuchClient, isOpenAt, isRefusal } from '../storpool/errors.ts'
import { type Attachable, named } from './attachable.ts'
import type { AttachingBackend, Attachment, Host, Page } from './backend.ts'
import { confirmed, entries, isSame, modeOn, turn, withOnly } from './book.ts'
import { isTaken, takenBy } from './claim.ts'
import { followBook } from './follow-book.ts'
import { busy, heldBy, holdersOf } from './holders.ts'
import type { AccessMode } from './model.ts'
import { lookAfter } from './settle.ts'

/** A client has 1024 places for volumes. */
const CLIENT_POSITIONS = 1024

export interface Attach {
  readonly volume: Attachable
  readonly host: Host
  readonly mode: AccessMode
  readonly id: string
  readonly instance?: string | undefined
  /** What to do where others have the volume: attach beside them, refuse, or take it from them in the same call. */
  readonly others: 'share' | 'refuse' | 'take'
  /**
   * Told of the attachment before StorPool makes it. A task of an earlier generation that waits for the device would begin
   * as soon as that appears, so the agent must know better first.
   */
  readonly announce?: (attachment: Attachment) => Promise<void>
  /**
   * What the caller writes down of the attachment, once StorPool has made it: while the book is told the same. It may come to
   * be written down and yet be ended meanwhile by others: then this throws.
   */
  readonly record?: (attachment: Attachment) => Promise<void>
  /** Whoever ends it gives the volume's global id: its name need not lead to it. */
  readonly isById?: boolean
  /** The volume's page of the book as it was a moment ago, which saves a reading. */
  readonly seen?: Page | undefined
}

/**
 * Attach a volume or a snapshot to a host: write the intent in the book, let StorPool do it, confirm. Run again, the same id
 * finds its own attachment and keeps its generation.
 *
 * @throws DriverError VolumeIsBusy, naming who holds it. HostNotReady: no StorPool client answers there.
 *   AttachLimit. VolumeNotFound. StaleGeneration: somebody ended this attachment while it was being made.
 */
export async function attach(backend: AttachingBackend, wanted: Attach): Promise<Attachment> {
  const { volume } = wanted
  if (wanted.others === 'refuse') await refuseHeld(backend, wanted)
  let before: Page | undefined
  const [intent] = await Promise.all([
    turn(
      backend.attachments,
      volume.globalId,
      (page) => {
        before = page
        const { claim } = page
        if (wanted.others === 'refuse' && isTaken(backend, claim)) throw takenBy(volume.name, claim)
        return intended(page, wanted)
      },
      wanted.seen,
    ),
    wanted.isById !== true && backend.attachments.note(volume.name, volume.globalId),
  ])
  const mine = intent.attachments[wanted.id]
  if (mine === undefined) throw new Error('the intent is in the page that was just written')
  try {
    await wanted.announce?.(mine)
    await reassign(backend, wanted, intent)
  } catch (error) {
    if (isAmbiguous(error)) throw error
    if (before?.attachments[mine.id]?.generation !== mine.generation)
      await takeBack(backend, intent, before, mine)
    throw await refusedAttach(backend, wanted, error)
  }
  const made: Attachment = { ...mine, state: 'attached' }
  // Neither is left under way.
  const ends = await Promise.allSettled([confirm(backend, wanted, intent, mine), wanted.record?.(made)])
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  return made
}

const kindOfBusy = ({ kind }: Attachable) => (kind === 'snapshot' ? 'SnapshotIsBusy' : 'VolumeIsBusy')

const isWrittenByJob = ({ instance, mode }: Attachment) =>
  mode === 'rw' && instance?.startsWith('job:') === true

const intended = (page: Page, { id, host, mode, instance, others, volume }: Attach): Page => {
  const rest = entries(page).filter((attachment) => attachment.id !== id)
  const mine = page.attachments[id]
  if (mine !== undefined && mine.clientId !== host.clientId && others !== 'take')
    throw elsewhere(volume, mine)
  const kept = mine?.state !== 'detaching' && mine?.clientId === host.clientId && mine.mode === mode
  if (others === 'refuse' && rest.length > 0) throw heldBy(volume.name, rest)
  // What a job writes is nobody's until it is whole; to fence it is another matter.
  const written = others === 'share' ? rest.filter(isWrittenByJob) : []
  if (written.length > 0) throw heldBy(volume.name, written)
  if (kept && (others !== 'take' || rest.length === 0)) return page
  const generation = kept ? mine.generation : page.generation + 1
  const attachment: Attachment = {
    id,
    host: host.name,
    clientId: host.clientId,
    mode,
    ...(instance === undefined ? {} : { instance }),
    state: kept ? mine.state : 'attaching',
    generation,
  }
  const left = others === 'take' ? rest.map((other) => ({ ...other, state: 'detaching' as const })) : rest
  return { ...withOnly(page, [...left, attachment]), generation: Math.max(generation, page.generation) }
}

/** Made anew here, the id would stand for this host alone, and nobody could end what it left on the other. */
const elsewhere = ({ name }: Attach['volume'], { id, host }: Attachment): DriverError =>
  new DriverError('Conflict', `attachment ${id} of ${name} is on host ${host}`, {
    remedy: 'End it there first (terminate_connection with its id), or use another id.',
    details: { host },
  })

/** One call: for a take-over StorPool detaches the others and attaches us as one change. */
async function reassign(backend: AttachingBackend, wanted: Attach, intent: Page): Promise<void> {
  const { host, volume, others } = wanted
  const rights = modeOn(intent, host.clientId) ?? wanted.mode
  try {
    await volumesReassignWait(backend.storpool, {
      reassign: [
        {
          ...named(volume),
          ...(others === 'take' ? { detach: 'all' as const } : {}),
          [rights]: [host.clientId],
        },
      ],
    })
  } catch (error) {
    if (!isAmbiguous(error)) throw error
    const holders = (await lookAfter(error, () => holdersOf(backend, volume.globalId))) ?? []
    const there = holders.some(({ client, rights: has }) => client === host.clientId && has === rights)
    const alone = holders.every(({ client }) => client === host.clientId)
    if (!there || (others === 'take' && !alone)) throw error
  }
}

async function confirm(
  backend: AttachingBackend,
  { volume, host, others }: Attach,
  intent: Page,
  mine: Attachment,
): Promise<void> {
  // Those it was taken from, whoever has it by now.
  const taken = others === 'take' ? entries(intent).filter(({ state }) => state === 'detaching') : []
  const withoutTaken = (now: Page) => {
    const left = entries(now).filter((other) => !taken.some((one) => isSame(one, other)))
    return left.length === entries(now).length ? now : withOnly(now, left)
  }
  const page = await turn(
    backend.attachments,
    volume.globalId,
    (now) => confirmed(withoutTaken(now), mine),
    intent,
  )
  await followBook(backend, volume.kind, others === 'take' ? 'all' : [host.clientId], intent, page)
  const found = page.attachments[mine.id]
  if (found !== undefined && isSame(found, mine) && found.state === 'attached') return
  throw new DriverError(
    'StaleGeneration',
    `attachment ${mine.id} of ${volume.globalId} was ended while it was made`,
    {
      remedy: 'Ask for a new connection.',
    },
  )
}

/** StorPool refused: the book says again what it said before, but for what others wrote since. */
const takeBack = async (
  backend: AttachingBackend,
  intent: Page,
  before: Page | undefined,
  mine: Attachment,
): Promise<void> => {
  await turn(backend.attachments, intent.globalId, (now) =>
    withOnly(
      now,
      entries(now)
        .filter((attachment) => !isSame(attachment, mine))
        .map((attachment) => {
          const was = before?.attachments[attachment.id]
          return was !== undefined && isSame(was, attachment) ? was : attachment
        }),
    ),
  )
}

/** The book knows of ours; StorPool knows of everybody's. */
async function refuseHeld(backend: AttachingBackend, { volume, host, id }: Attach): Promise<void> {
  const [holders, page] = await Promise.all([
    holdersOf(backend, volume.globalId),
    backend.attachments.read(volume.globalId),
  ])
  const mine = page.attachments[id]?.clientId
  if (holders.some(({ client }) => client !== host.clientId || client !== mine)) {
    throw await busy(backend, kindOfBusy(volume), volume, undefined)
  }
}

async function refusedAttach(
  backend: AttachingBackend,
  { volume, host }: Attach,
  error: unknown,
): Promise<unknown> {
  if (isRefusal(error, 'objectDoesNotExist')) {
    const [name, what] =
      volume.kind === 'snapshot'
        ? (['SnapshotNotFound', 'snapshot'] as const)
        : (['VolumeNotFound', 'volume'] as const)
    return new DriverError(name, `no ${what} ${volume.name} on the cluster`, { cause: error })
  }
  if (isRefusal(error, 'busy') || isOpenAt(error)) return busy(backend, kindOfBusy(volume), volume, error)
  if (isNoSuchClient(error)) {
    return new DriverError(
      'HostNotReady',
      `no StorPool client ${host.clientId} is running on host ${host.name}`,
      {
        cause: error,
        remedy: 'Start storpool_block on the host, or correct its client id.',
      },
    )
  }
  if (!isRefusal(error, 'invalidParam')) return error
  const used = (await attachmentsList(backend.storpool)).filter(
    ({ client }) => client === host.clientId,
  ).length
  if (used < CLIENT_POSITIONS) return error
  return new DriverError(
    'AttachLimit',
    `host ${host.name} has ${used} volumes attached, which is all it can have`,
    {
      cause: error,
      remedy: 'End connections on this host, or use another.',
    },
  )
}
