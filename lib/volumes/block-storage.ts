import type { AttachingBackend } from '../driver/backend.ts'
import type { VolumeStats } from '../driver/get-volume-stats.ts'
import type { Glance } from '../glance/client.ts'
import type { JobRecord } from '../jobs/record.ts'
import type { SubmitJob } from '../jobs/submit.ts'
import type { Kept } from '../kept.ts'
import type { Amounts, Quotas } from './quotas.ts'
import type {
  AttachmentPointer,
  MessageRecord,
  ServiceRecord,
  SnapshotRecord,
  TypeRecord,
  VolumeRecord,
} from './record.ts'

/** What every kind of record has. */
export interface AnyRecord {
  readonly id: string
  readonly project: string
  readonly name: string | null
  readonly createdAt: string
  readonly version: number
}

export interface PageOptions {
  /** Undefined: of all projects. */
  readonly project: string | undefined
  readonly limit: number
  /** The last of the page before. */
  readonly after?: Pick<AnyRecord, 'createdAt' | 'id'> | undefined
  readonly oldestFirst?: boolean
}

/** Records of one kind. Lists are eventually consistent on AWS; a single record never is. */
export interface Records<T extends AnyRecord> {
  get(id: string): Promise<T | undefined>
  /** @returns false, and nothing written, where there is one of that id. */
  create(record: T): Promise<boolean>
  /** @returns what was written; undefined, and nothing written, where the record is not at its version any more. */
  replace(record: T): Promise<T | undefined>
  /** @returns false, and nothing removed, where the record is not at its version any more. */
  remove(record: T): Promise<boolean>
  /** By time of creation, newest first unless said. */
  page(options: PageOptions): Promise<T[]>
  /** @throws ApiError 400: more than can be sorted or filtered in one call. */
  all(project: string | undefined): Promise<T[]>
  named(project: string, name: string): Promise<T[]>
  /** All there are, a page at a time and in no order. */
  pages(): AsyncIterable<readonly T[]>
}

export interface StorageSettings {
  /** The one availability zone. */
  readonly zone: string
  /** Names of the clusters beside the default one. */
  readonly backends: readonly string[]
  /** `host@backend` of the default cluster: what stands before `#pool` in a volume's host. */
  readonly service: string
  /** The type of a volume that names none, by name. */
  readonly defaultType: string
  /** Of projects that have none of their own; what is not here has none. */
  readonly limits: Amounts
  /** GiB that one volume may have; -1 for any. */
  readonly perVolumeGigabytes: number
}

/** Block Storage for one call: the records, the cluster behind them, and the jobs that do what takes long. */
export interface BlockStorage {
  readonly volumes: Records<VolumeRecord>
  readonly snapshots: Records<SnapshotRecord>
  readonly types: Records<TypeRecord>
  readonly messages: Records<MessageRecord>
  readonly services: Records<ServiceRecord>
  /** What changes seldom and is asked for with every call: readings of the last few seconds, in this process. */
  readonly kept: {
    readonly types: Kept<readonly TypeRecord[]>
    readonly services: Kept<ServiceRecord | undefined>
  }
  /** Where attachments are found: written before the volume's record has them, and taken away after. */
  readonly attachments: Records<AttachmentPointer>
  readonly quotas: Quotas
  readonly settings: StorageSettings
  readonly requestId: string
  /** The cluster that a volume's `host` names. */
  backend(host: string | undefined): Promise<AttachingBackend>
  /** @param service `host@backend` */
  stats(service: string): Promise<VolumeStats>
  isUp(service: string): Promise<boolean>
  readonly jobs: {
    submit(job: SubmitJob): Promise<JobRecord>
    get(id: string): Promise<JobRecord | undefined>
    /** Have a job end soon and undo what it did. One that has ended, or is not known, is left. */
    cancel(id: string): Promise<void>
  }
  /** @throws DriverError VolumeBackendError: none is configured. */
  glance(): Glance
  /** As `toISOString` writes it. */
  now(): string
  warn(message: string, fields: Readonly<Record<string, unknown>>): void
}
