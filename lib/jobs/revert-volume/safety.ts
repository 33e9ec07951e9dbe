import { type Backend, volumeRef } from '../../driver/backend.ts'
import { orAbsent } from '../../driver/settle.ts'
import type { SnapshotSummary } from '../../storpool/schema/answers.ts'
import { snapshotSummary } from '../../storpool/snapshots.ts'
import { volumeSummary } from '../../storpool/volumes.ts'
import type { JobBackend } from '../backend.ts'
import { freeze, thaw } from '../frozen.ts'
import type { RevertJob } from './take.ts'

const safetyName = (backend: Backend, { id }: RevertJob): string => `${backend.prefix}--safety-${id}`

/** What the record says of the snapshot that the volume can be reverted to again. */
const told = ({ name, globalId, targetDeleteDate = 0 }: SnapshotSummary) => ({
  name,
  provider_location: globalId,
  expiresAt: new Date(targetDeleteDate * 1000).toISOString(),
})

/** Keep what the volume is now, for a while. Run again, it is the same snapshot: nothing was reverted yet. */
export async function keepSafety(backend: JobBackend, job: RevertJob): Promise<void> {
  const name = safetyName(backend, job)
  await freeze(backend, job, job.input.volume, { name, keptSeconds: job.input.keepSafetySeconds })
  const safetySnapshot = told(await snapshotSummary(backend.storpool, name))
  await backend.jobs.change(job.id, { result: { volume: 'as before', safetySnapshot } }, ['running'])
}

/**
 * A volume that is still the child of its safety snapshot was not reverted and needs it no more. In any other case it
 * stays until its date, and the record says what it is called.
 */
export async function dropUnneeded(backend: JobBackend, job: RevertJob): Promise<void> {
  const name = safetyName(backend, job)
  const [snapshot, volume] = await Promise.all([
    orAbsent(snapshotSummary(backend.storpool, name)),
    orAbsent(volumeSummary(backend.storpool, volumeRef(backend, job.input.volume))),
  ])
  if (snapshot === undefined || snapshot.tags?.['cl-job'] !== job.id) return
  if (volume?.parentName === name) {
    await thaw(backend, job, name)
    await backend.jobs.change(job.id, { result: { volume: 'as before' } }, ['running'])
    return
  }
  const result = { volume: volume === undefined ? 'gone' : 'reverted', safetySnapshot: told(snapshot) }
  await backend.jobs.change(job.id, { result }, ['running'])
}
