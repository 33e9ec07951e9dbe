/**
 * StorPool's refusal of a call. Nothing has happened when one is answered.
 *
 * @see python-storpool 7.3.0, spapi.py `ApiError`: `name`, `descr`, `transient`
 */
export class Refusal extends Error {
  readonly refusal: string
  readonly transient: boolean
  readonly status: number | undefined

  constructor(refusal: string, descr: string, options: { transient?: boolean; status?: number } = {}) {
    super(descr)
    this.refusal = refusal
    this.transient = options.transient ?? false
    this.status = options.status
  }
}

export const invalid = (descr: string) => new Refusal('invalidParam', descr)
export const missing = (kind: string, name: string) =>
  new Refusal('objectDoesNotExist', `${kind} "${name}" does not exist`)
export const taken = (kind: string, name: string) =>
  new Refusal('objectExists', `${kind} "${name}" already exists`)
export const busy = (descr: string) => new Refusal('busy', descr)
export const noRoom = (descr: string) => new Refusal('insufficientResources', descr)

/** The data folder cannot be used; the message is for the person at the terminal and holds the remedy. */
export class FolderError extends Error {}

/** What an error says, for a sentence of ours. */
export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
