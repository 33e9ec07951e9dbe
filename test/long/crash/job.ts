import type { Place } from './place.ts'

/** What `GET /jobs/{id}` says. */
export interface Record {
  readonly id: string
  readonly status: string
  readonly step?: string
  readonly percent?: number
  readonly doneBytes: number
  readonly totalBytes: number
  readonly result?: { readonly [member: string]: any }
  readonly error?: object
}

/** A job of the table, run again and again on objects of its own: their names begin with a key. */
export interface CrashJob {
  /** Nothing else in the table has it. */
  readonly name: string
  readonly kind: string
  /** What is done, in the table's words. */
  readonly what: string
  /** Whether an agent has part in it: its runs take longer. */
  readonly onHost: boolean
  /** Whether bytes of it are moved by an agent, in the middle of which it can be met. */
  readonly moves: boolean
  /** Whether it would wait for others: it is run when they are through. */
  readonly alone?: true
  /** Whether it needs more than `npm start` has: Glance, a bucket, or a second location. */
  readonly outside?: true
  /** What all runs of it use. */
  readonly once?: (place: Place) => Promise<void>
  /** @returns the input of its document. */
  readonly prepare: (place: Place, key: string) => Promise<object>
  /** @throws where what it was to do is not so. */
  readonly check: (place: Place, key: string, record: Record) => Promise<void>
  readonly clean: (place: Place, key: string, record: Record) => Promise<void>
}
