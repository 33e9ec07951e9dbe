import { blockStorageConfig, config } from '../config.ts'
import { measureVolumeStats } from '../driver/get-volume-stats.ts'
import { isDriverError } from '../errors.ts'
import { cancelJob } from '../jobs/cancel.ts'
import { submitJob } from '../jobs/submit.ts'
import { kept } from '../kept.ts'
import { logger } from '../log.ts'
import { once } from '../once.ts'
import { clusterHealth } from '../stats/health.ts'
import { quotas } from '../store/quotas.ts'
import { recordsOf } from '../store/records.ts'
import type { BlockStorage } from '../volumes/block-storage.ts'
import {
  AttachmentPointer,
  MessageRecord,
  ServiceRecord,
  SnapshotRecord,
  TypeRecord,
  VolumeRecord,
} from '../volumes/record.ts'
import { backendFor, backendNameOf } from './backend.ts'
import { wake } from './callbacks.ts'
import { type Invocation, levelOrDefault } from './endpoint.ts'
import { glanceFor } from './glance.ts'
import { DEFAULT_BACKEND, history } from './history.ts'
import { attachingBackendFor, jobs, now, table } from './records.ts'
import { submission } from './submission.ts'

/** Milliseconds for which a process goes by what it read of types and services. */
const KEPT_MS = 5_000

const records = once(() => ({
  volumes: recordsOf(table(), 'VOLUME', VolumeRecord),
  snapshots: recordsOf(table(), 'SNAPSHOT', SnapshotRecord),
  types: recordsOf(table(), 'TYPE', TypeRecord),
  messages: recordsOf(table(), 'MESSAGE', MessageRecord),
  services: recordsOf(table(), 'SERVICE', ServiceRecord),
  kept: {
    types: kept<readonly TypeRecord[]>(KEPT_MS),
    services: kept<ServiceRecord | undefined>(KEPT_MS),
  },
  attachments: recordsOf(table(), 'ATTACHMENT', AttachmentPointer),
  quotas: quotas(table(), blockStorageConfig().limits, now),
}))

/** No agent is asked here: the workflow, which is woken, has it stop. */
const cancelled = async (id: string): Promise<void> => {
  await cancelJob({ jobs: jobs(), now, wake, stopTask: async () => undefined }, id).catch(
    (error: unknown) => {
      if (!isDriverError(error, 'JobNotFound')) throw error
    },
  )
}

/** Block Storage, for one call. */
export const blockStorageFor = (invocation: Invocation, requestId: string): BlockStorage => ({
  ...records(),
  settings: { ...blockStorageConfig(), backends: Object.keys(config().BACKENDS) },
  requestId,
  backend: (host) => attachingBackendFor(invocation, { host }),
  async stats(service) {
    const asked = { host: service }
    const kept = await history().newest(backendNameOf(asked) ?? DEFAULT_BACKEND)
    return kept?.stats ?? measureVolumeStats(await backendFor(invocation, asked))
  },
  isUp: async (service) =>
    backendFor(invocation, { host: service })
      .then(clusterHealth)
      .then(
        ({ healthy }) => healthy,
        () => false,
      ),
  jobs: {
    submit: (job) => submitJob(submission(), job),
    get: (id) => jobs().get(id),
    cancel: (id) => cancelled(id),
  },
  glance: () => glanceFor(invocation),
  now,
  warn: (message, fields) => logger(levelOrDefault()).warn(message, { requestId, ...fields }),
})
