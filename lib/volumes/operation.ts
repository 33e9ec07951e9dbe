import type { DriverErrorName } from '../errors.ts'
import type { JobRecord } from '../jobs/record.ts'
import type { BlockStorage } from './block-storage.ts'
import type { Worked } from './kind.ts'
import type { Amounts } from './quotas.ts'
import type { VolumeRecord } from './record.ts'

/** What becomes of a volume or a snapshot when an operation has done its part. */
export type Outcome<T extends Worked = VolumeRecord> =
  /** Done. Without a status it is what it was before. @param freed what it counts no more */
  | { readonly done: Partial<T>; readonly freed?: Amounts }
  /** A job does the rest. */
  | { readonly job: string; readonly changes?: Partial<T> }
  /** It is no more. @param freed what it counted */
  | { readonly gone: true; readonly freed: Amounts }

/**
 * What is done to a volume or a snapshot while it is in a working state. It may be run twice, cut off at any call, or
 * raced with itself: what finds it left in the middle runs it again from the record.
 */
export interface Operation<T extends Worked = VolumeRecord> {
  /**
   * @param input as it was checked when it was asked for
   * @throws ApiError what is in the way: it is as before, and whoever asked is told.
   */
  run(storage: BlockStorage, record: T, input: unknown): Promise<Outcome<T>>
  /** The job that did the rest has succeeded. */
  ended?(storage: BlockStorage, record: T, input: unknown, job: JobRecord): Promise<Outcome<T>>
  /** Puts right what a failure leaves; the record is put back or marked afterwards. @returns what else it says then. */
  failed?(storage: BlockStorage, record: T, input: unknown): Promise<Partial<T> | undefined>
  /** The state that a failure leaves; else the one before. */
  readonly onFailure?: T['status'] | ((error: DriverErrorName | 'ApiError') => T['status'])
  /** Whether what could not be made is there all the same, and counts until it is deleted. */
  readonly countsAnyway?: boolean
  /** What the message to the user says was being done, as Cinder's catalogue has it. */
  readonly doing: string
}
