import { isRefusal } from '../storpool/errors.ts'
import type { VolumeSummary } from '../storpool/schema/answers.ts'
import { volumeDescribe, volumeSummary, volumesGetStatusQuick } from '../storpool/volumes.ts'
import type { JobBackend } from './backend.ts'
import { keepClaim } from './claim.ts'

/** A volume whose data is on its way: to another template's disks, or from another cluster. */
export interface Moving {
  readonly globalId: string
}

/** How far it was when the wait began, and when that was (epoch milliseconds). */
export interface Began {
  readonly at: number
  readonly doneBytes: number
}

/** Where a volume's data is: bytes where they are to be, of all. No bytes where StorPool does not say. */
interface Placed {
  readonly there: VolumeSummary
  readonly doneBytes: number
  readonly totalBytes: number
}

/** @throws StorPoolApiError `objectDoesNotExist`: the volume is gone. */
async function placed({ storpool }: JobBackend, { globalId }: Moving): Promise<Placed> {
  const ref = `~${globalId}`
  const description = await volumeDescribe(storpool, ref).catch((error: unknown) => {
    // Too large to be described piece by piece.
    if (isRefusal(error, 'invalidParam')) return undefined
    throw error
  })
  if (description === undefined) {
    return { there: await volumeSummary(storpool, ref), doneBytes: 0, totalBytes: 0 }
  }
  const { targetDiskSets, objects, ...there } = description
  const key = (disks: readonly number[]) => disks.toSorted((one, other) => one - other).join()
  const targets = new Set(targetDiskSets.map(key))
  const done = objects.filter((disks) => targets.has(key(disks))).length
  const share = objects.length === 0 ? 1 : done / objects.length
  return { there, doneBytes: Math.floor(there.size * share), totalBytes: there.size }
}

/** How far the data is before it is waited for. */
export const measure =
  (moving: Moving) =>
  async (backend: JobBackend): Promise<Began> => ({
    at: Date.now(),
    doneBytes: (await placed(backend, moving)).doneBytes,
  })

/**
 * Ask whether all of a volume's data is where its template wants it, and note how far that is. StorPool decides: pieces
 * can be on their way again for other reasons, so their count is for people.
 *
 * @param also what has to hold besides.
 */
export const isInPlace =
  (moving: Moving, began: Began, also: (there: VolumeSummary) => boolean = () => true) =>
  async (backend: JobBackend, job: { readonly id: string }): Promise<boolean> => {
    const [{ there, doneBytes, totalBytes }, statuses] = await Promise.all([
      placed(backend, moving),
      volumesGetStatusQuick(backend.storpool),
    ])
    await keepClaim(backend, job, there)
    const isThere = statuses[there.name]?.migrating === false && also(there)
    const seconds = Math.max(0.001, (Date.now() - began.at) / 1000)
    const figures = {
      doneBytes: isThere ? totalBytes : doneBytes,
      totalBytes,
      bytesPerSecond: Math.max(0, doneBytes - began.doneBytes) / seconds,
    }
    await backend.jobs.change(job.id, figures, ['running'])
    return isThere
  }
