import type { JobRecord } from '../jobs/record.ts'
import type { BlockStorage } from './block-storage.ts'
import type { Amounts } from './quotas.ts'
import type { VolumeRecord, VolumeStatus } from './record.ts'

/** What becomes of a volume when an operation has done its part. */
export type Outcome =
  /** Done. Without a status it is what it was before. */
  | { readonly done: Partial<VolumeRecord> & { readonly status?: VolumeStatus } }
  /** A job does the rest. */
  | { readonly job: string; readonly changes?: Partial<VolumeRecord> }
  /** The volume is no more. @param freed what it counted */
  | { readonly gone: true; readonly freed: Amounts }

/**
 * What is done to a volume while it is in a working state. It may be run twice, cut off at any call, or raced with
 * itself: what finds it left in the middle runs it again from the record.
 */
export interface Operation {
  /** @param input as it was checked when it was asked for */
  run(storage: BlockStorage, volume: VolumeRecord, input: unknown): Promise<Outcome>
  /** The job that did the rest has succeeded. */
  ended?(storage: BlockStorage, volume: VolumeRecord, input: unknown, job: JobRecord): Promise<Outcome>
  /** Puts right what a failure leaves; the record is put back or marked afterwards. */
  failed?(storage: BlockStorage, volume: VolumeRecord, input: unknown): Promise<void>
  /** The state that a failure leaves; else the one before. */
  readonly onFailure?: VolumeStatus
  /** What the message to the user says was being done, as Cinder's catalogue has it. */
  readonly doing: string
}
