import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { get, type Reach } from './get.ts'

/** The rest of a file: from an offset on, if it is still the one of that tag. */
export interface Rest {
  readonly at: number
  readonly tag: string
}

/** A file on a server. */
export interface Origin {
  /**
   * Ask for all of it, or for the rest.
   *
   * @returns an answer of status 200 with all, 206 with the rest, or 412 or 416 where there is no such rest any more
   * @throws Refusal, Dropped
   */
  ask(rest: Rest | undefined): Promise<IncomingMessage>
  /** What tells these bytes from any others under this name; undefined where nothing does. */
  tagOf(headers: IncomingHttpHeaders): string | undefined
}

/** A weak tag says that a file means the same, not that its bytes do. */
export const strong = (tag: string | undefined): string | undefined =>
  tag?.startsWith('"') ? tag : undefined

/** A file at an address of a request's. */
export const httpsOrigin = (url: string, reach: Reach): Origin => ({
  ask: (rest) =>
    get(url, rest === undefined ? {} : { range: `bytes=${rest.at}-`, 'if-range': rest.tag }, reach),
  tagOf: ({ etag }) => strong(etag),
})
