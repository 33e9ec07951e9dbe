import { DriverError } from '../errors.ts'
import type { Attachment, AttachmentBook, Page } from './backend.ts'

/** Writers that meet on one volume try this often; each lost race means that another writer got through. */
const TRIES = 25

/**
 * Change a volume's page, again from a fresh reading when another writer came in between.
 *
 * @param change gives back the same page to leave it as it is; throws to refuse.
 * @param seen the page as it was a moment ago, which saves a reading. Only a write rests on it, as that fails when the
 *   page is another by now.
 * @throws DriverError Conflict: too many writers at once.
 */
export async function turn(
  book: AttachmentBook,
  globalId: string,
  change: (page: Page) => Page,
  seen?: Page,
): Promise<Page> {
  for (let tries = 0; tries < TRIES; tries++) {
    const page = (tries === 0 ? seen : undefined) ?? (await book.read(globalId))
    const next = change(page)
    if (next === page && page === seen) continue
    if (next === page) return page
    if (await book.write(next)) return { ...next, version: page.version + 1 }
  }
  throw new DriverError('Conflict', `too many changes at once to the attachments of ${globalId}`, {
    remedy: 'Repeat.',
  })
}

/** The page of a volume that was never attached. */
export const newPage = (globalId: string): Page => ({ globalId, generation: 0, version: 0, attachments: {} })

export const entries = (page: Page): readonly Attachment[] => Object.values(page.attachments)

/** The page with these attachments and no others. */
export const withOnly = (page: Page, attachments: readonly Attachment[]): Page => ({
  ...page,
  attachments: Object.fromEntries(attachments.map((attachment) => [attachment.id, attachment])),
})

/** True for the very same attachment: an id may come again, under a higher generation. */
export const isSame = (one: Attachment, other: Attachment): boolean =>
  one.id === other.id && one.generation === other.generation

/** The page with this very attachment made; the same page where it is not there, or is not being made. */
export const confirmed = (page: Page, mine: Attachment): Page => {
  const there = page.attachments[mine.id]
  if (there === undefined || !isSame(there, mine) || there.state !== 'attaching') return page
  return { ...page, attachments: { ...page.attachments, [mine.id]: { ...there, state: 'attached' } } }
}

/** The mode a client needs so that all its attachments of a volume work; undefined when it has none. */
export const modeOn = (page: Page, clientId: number): 'rw' | 'ro' | undefined => {
  const modes = entries(page)
    .filter((attachment) => attachment.clientId === clientId && attachment.state !== 'detaching')
    .map(({ mode }) => mode)
  return modes.includes('rw') ? 'rw' : modes[0]
}

export const describe = ({ host, clientId, mode, instance }: Attachment): string =>
  `client ${clientId} (${host}) ${mode}${instance === undefined ? '' : ` for ${instance}`}`
