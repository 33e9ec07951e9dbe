import type { Destination } from '../../agent/tasks.ts'
import { DriverError } from '../../errors.ts'
import { isRefused } from '../../glance/errors.ts'
import type { NewImage } from '../../glance/image.ts'
import { imageId } from '../../ids.ts'
import type { JobBackend } from '../backend.ts'
import type { JobOf } from '../document.ts'
import type { InGlance } from './in-glance.ts'

export type UploadJob = JobOf<'copy-volume-to-image'>

/** The property by which an image is known to be a job's: its value is the job's id. */
const MARK = 'cinderless_job'

/** Where the agent puts the file. */
export function destinationOf({ id, input }: UploadJob): Destination {
  const { destination } = input.image
  if (destination.kind !== 'glance') return destination
  const { kind, store } = destination
  return { kind, store, imageId: destination.imageId ?? imageId(id) }
}

/**
 * Make the image in Glance, where the job is to; elsewhere there is nothing to make. Run again, it finds its own.
 *
 * @throws DriverError Conflict: that id is somebody else's image. Forbidden: Glance lets us make no such image.
 */
export async function makeImage(backend: JobBackend, job: UploadJob): Promise<void> {
  const { destination } = job.input.image
  if (destination.kind !== 'glance' || destination.imageId !== undefined) return
  const wanted = newImage(job, destination)
  const there = await backend.glance().create(wanted)
  if (there[MARK] === job.id) return
  throw new DriverError('Conflict', `image ${wanted.id} is there already, and is not the job's`, {
    remedy: 'Delete that image, or ask for another job: the id is made from the id of the job.',
  })
}

function newImage({ id, input }: UploadJob, { name = '', properties, ...asked }: InGlance): NewImage {
  const { disk_format = input.image.format, visibility, min_disk, min_ram, owner } = asked
  return {
    ...properties,
    ...{ name, disk_format, visibility, min_disk, min_ram, owner },
    id: imageId(id),
    container_format: 'bare',
    protected: asked.protected ?? false,
    [MARK]: id,
  }
}

/**
 * An image that got no data goes: the job's own, and one that was there where that was asked for. One that is whole
 * stays, and the record names it. Run again, there is none.
 */
export async function removeImage(backend: JobBackend, job: UploadJob): Promise<void> {
  const { destination } = job.input.image
  if (destination.kind !== 'glance') return
  if ((await backend.jobs.get(job.id))?.result?.image !== undefined) return
  const glance = backend.glance()
  const id = destination.imageId ?? imageId(job.id)
  const there = await glance.show(id).catch((error: unknown) => {
    if (!isRefused(error, 404)) throw error
    return undefined
  })
  if (there === undefined) return
  const isUnfinished = ['queued', 'saving'].includes(there.status)
  const goes =
    destination.imageId === undefined ? there[MARK] === job.id : destination.removeUnfinished && isUnfinished
  if (!goes) return
  if (there.protected) await glance.update(id, { protected: false })
  await glance.remove(id)
}
