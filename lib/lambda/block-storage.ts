import { blockStorageConfig, config } from '../config.ts'
import { submitJob } from '../jobs/submit.ts'
import { logger } from '../log.ts'
import { once } from '../once.ts'
import { attachmentIndex } from '../store/attachment-index.ts'
import { quotas } from '../store/quotas.ts'
import { recordsOf } from '../store/records.ts'
import type { BlockStorage } from '../volumes/block-storage.ts'
import { MessageRecord, SnapshotRecord, TypeRecord, VolumeRecord } from '../volumes/record.ts'
import type { Invocation } from './endpoint.ts'
import { glanceFor } from './glance.ts'
import { attachingBackendFor, jobs, now, table } from './records.ts'
import { submission } from './submission.ts'

const records = once(() => ({
  volumes: recordsOf(table(), 'VOLUME', VolumeRecord),
  snapshots: recordsOf(table(), 'SNAPSHOT', SnapshotRecord),
  types: recordsOf(table(), 'TYPE', TypeRecord),
  messages: recordsOf(table(), 'MESSAGE', MessageRecord),
  attachmentIndex: attachmentIndex(table()),
  quotas: quotas(table(), blockStorageConfig().limits, now),
}))

/** Block Storage, for one call. */
export const blockStorageFor = (invocation: Invocation, requestId: string): BlockStorage => ({
  ...records(),
  settings: { ...blockStorageConfig(), backends: Object.keys(config().BACKENDS) },
  requestId,
  backend: (host) => attachingBackendFor(invocation, { host }),
  jobs: { submit: (job) => submitJob(submission(), job), get: (id) => jobs().get(id) },
  glance: () => glanceFor(invocation),
  now,
  warn: (message, fields) => logger().warn(message, { requestId, ...fields }),
})
