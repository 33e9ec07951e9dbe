import type { AnyRecord, BlockStorage, Records } from './block-storage.ts'
import type { Operation } from './operation.ts'
import type { Work } from './record.ts'

/** A record that operations work on. */
export interface Worked extends AnyRecord {
  readonly status: string
  readonly updatedAt: string | null
  readonly work: Work | null
}

/** Volumes, or snapshots: where their records are, and what may be done to one. */
export interface Kind<T extends Worked> {
  /** What one is called where it is missed. */
  readonly what: string
  /** What messages call it. */
  readonly resource: 'VOLUME' | 'VOLUME_SNAPSHOT'
  records(storage: BlockStorage): Records<T>
  /** By the name in a record's `work`. */
  readonly operations: Readonly<Record<string, Operation<T>>>
  statusOf(text: string): T['status']
  /** What else has changed by the end of some work. */
  afterwards?(record: T): T
}
