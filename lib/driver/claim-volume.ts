import { DriverError } from '../errors.ts'
import { isAmbiguous, isRefusal } from '../storpool/errors.ts'
import type { VolumeSummary } from '../storpool/schema/answers.ts'
import type { Tags } from '../storpool/schema/values.ts'
import { volumeSummary, volumeUpdate } from '../storpool/volumes.ts'
import type { AttachingBackend, Backend, Page } from './backend.ts'
import { entries, turn } from './book.ts'
import { type Claim, claimIn, claimTag, isTaken, noClaim, takenBy } from './claim.ts'
import { heldAs, isHeld } from './hold.ts'
import { heldBy } from './holders.ts'
import { lookAfter, orAbsent } from './settle.ts'

/** What the attachment of a job is called. */
const ofJob = (job: string) => `job:${job}`

/**
 * Take a volume for a job. StorPool writes no tag on a condition, so among jobs the volume's page of the book decides;
 * the tag then tells the operations that read the volume and not the book. Run again, the job has it still. Whoever was
 * being given the volume when it was read has been by then: it is read again, as the tags are written as a whole.
 *
 * @param hasEnded whether the job of that id is over, or was never known: what it left is taken from it.
 * @throws DriverError VolumeIsBusy, naming the job that has it. VolumeNotFound.
 */
export async function claimVolume(
  backend: AttachingBackend,
  volume: VolumeSummary,
  claim: Claim,
  hasEnded: (job: string) => Promise<boolean>,
): Promise<void> {
  const asMe = { ...backend, claim }
  const left = new Set<string>()
  const others = (page: Page) =>
    [page.claim, claimIn(volume.tags)].filter((one) => isTaken(asMe, one) && !left.has(one.job))
  const seen = await backend.attachments.read(volume.globalId)
  for (const other of others(seen)) {
    if (other !== undefined && (await hasEnded(other.job))) left.add(other.job)
  }
  await turn(
    backend.attachments,
    volume.globalId,
    (page) => {
      const [other] = others(page)
      if (other !== undefined) throw takenBy(volume.name, other)
      if (isHeld(page.hold)) throw heldAs(volume.name, page.hold, 'VolumeIsBusy')
      const writers = entries(page).filter(({ id }) => id.startsWith(ofJob('')) && id !== ofJob(claim.job))
      if (writers.length > 0) throw heldBy(volume.name, writers)
      const same = page.claim?.job === claim.job && page.claim.until === claim.until
      return same ? page : { ...page, claim }
    },
    seen,
  )
  const now = await orAbsent(volumeSummary(backend.storpool, `~${volume.globalId}`))
  if (now?.name !== volume.name) {
    await forgetClaim(backend, volume.globalId, claim.job)
    throw new DriverError('VolumeNotFound', `no volume ${volume.name} on the cluster`)
  }
  await putOff(backend, now, claim)
}

/** Give a volume back. What another job has by now stays its own; a volume that is gone has nobody. */
export async function releaseVolume(backend: AttachingBackend, ref: string, job: string): Promise<void> {
  const there = await untag(backend, ref, job)
  if (there !== undefined) await forgetClaim(backend, there.globalId, job)
}

/** Strike a job's claim out of the book. */
export async function forgetClaim(backend: AttachingBackend, globalId: string, job: string): Promise<void> {
  await turn(backend.attachments, globalId, (page) =>
    page.claim?.job === job ? { ...page, claim: undefined } : page,
  )
}

/** Have a claim's tag say another end. The tag counts by itself: whoever wants the volume looks at both. */
export const putOff = (backend: Backend, volume: VolumeSummary, claim: Claim): Promise<void> =>
  tag(backend, volume, claimTag(claim))

/**
 * Take a job's claim off a volume, where only the tag says that it has it: one that the job itself has made.
 *
 * @returns the volume; undefined where there is none.
 */
export async function untag(backend: Backend, ref: string, job: string): Promise<VolumeSummary | undefined> {
  const there = await orAbsent(volumeSummary(backend.storpool, ref))
  if (there !== undefined && claimIn(there.tags)?.job === job) await tag(backend, there, noClaim)
  return there
}

async function tag(backend: Backend, volume: VolumeSummary, written: Tags): Promise<void> {
  const ref = `~${volume.globalId}`
  const isSo = (tags: Tags | undefined) =>
    Object.entries(written).every(([name, value]) => (tags?.[name] ?? '') === value)
  if (isSo(volume.tags)) return
  try {
    await volumeUpdate(backend.storpool, ref, { tags: { ...volume.tags, ...written } })
  } catch (error) {
    if (isRefusal(error, 'objectDoesNotExist')) {
      throw new DriverError('VolumeNotFound', `no volume ${volume.name} on the cluster`, { cause: error })
    }
    if (!isAmbiguous(error)) throw error
    const now = await lookAfter(error, () => orAbsent(volumeSummary(backend.storpool, ref)))
    if (now !== undefined && !isSo(now.tags)) throw error
  }
}
