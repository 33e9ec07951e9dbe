import type { JobBackend } from '../backend.ts'
import { attachPart, awaitPart } from '../on-host/attach.ts'
import { detachPart } from '../on-host/detach.ts'
import type { Moving } from '../relocation.ts'
import { onHost, source, target } from './parts.ts'
import type { Copy, MigrateJob } from './take.ts'

/** @throws DriverError VolumeIsBusy, naming who has it attached. */
export const holdSource = (copy: Copy) => (backend: JobBackend, job: MigrateJob) =>
  attachPart(onHost(job), source(backend, job, copy))

export const letGoOfSource = (copy: Copy) => (backend: JobBackend, job: MigrateJob) =>
  detachPart(onHost(job), source(backend, job, copy))

export const attachTarget = (copy: Copy, made: Moving) => async (backend: JobBackend, job: MigrateJob) =>
  attachPart(onHost(job), await target(backend, job, copy, made))

export const awaitBoth = (copy: Copy, made: Moving) => async (backend: JobBackend, job: MigrateJob) => {
  const parts = [source(backend, job, copy), await target(backend, job, copy, made)]
  await Promise.all(parts.map((part) => awaitPart(onHost(job), part)))
}

export const detachTarget = (copy: Copy, made: Moving) => async (backend: JobBackend, job: MigrateJob) =>
  detachPart(onHost(job), await target(backend, job, copy, made))
