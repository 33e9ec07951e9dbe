import type { CopyImage } from '../../agent/tasks.ts'
import { DriverError } from '../../errors.ts'
import { GiB } from '../../units.ts'
import type { JobBackend } from '../backend.ts'
import { secretsFor } from '../on-host/secrets.ts'
import { wholeAddress } from '../withheld.ts'
import { type CopyImageJob, target } from './attach.ts'
import { imageMetadata } from './image-metadata.ts'
import { usableImage } from './usable-image.ts'

/**
 * Look at an image of Glance's before anything is attached for it, and put down what the volume is to remember of it.
 * Of images elsewhere nothing is known before their bytes are.
 *
 * @throws DriverError VolumeNotFound. As {@link usableImage}.
 */
export async function checkSource(backend: JobBackend, job: CopyImageJob): Promise<void> {
  if (job.input.image.source.kind !== 'glance') return
  const { image } = await imageOf(backend, job, job.input.image.source.imageId)
  const result = { bootable: true, volume_image_metadata: imageMetadata(image) }
  await backend.jobs.change(job.id, { result }, ['running'])
}

async function imageOf(backend: JobBackend, job: CopyImageJob, imageId: string) {
  const volume = target(backend, job)
  const found = await volume.find()
  if (found === undefined) throw volume.missing()
  return usableImage(backend.glance(), imageId, { id: job.input.volume.id, sizeGiB: found.size / GiB })
}

type Told = Pick<CopyImage, 'source' | 'format' | 'sha256' | 'secrets'>

/** What the agent is told of the image: the whole address, what Glance knows of it, and what opens its store. */
export async function imageForAgent(backend: JobBackend, job: CopyImageJob): Promise<Told> {
  const { source, format, sha256 } = job.input.image
  if (source.kind === 'glance') return fromGlance(backend, job, source)
  if (format === undefined) throw new Error('only of an image of Glance the format may be left out')
  const said = { format, ...(sha256 !== undefined && { sha256 }) }
  if (source.kind === 'https') {
    return { ...said, source: { ...source, url: await wholeAddress(backend.withheld, job, source.url) } }
  }
  if (source.kind === 'folder') return { ...said, source }
  const secrets = await secretsFor(backend, source)
  return { ...said, source, ...(secrets && { secrets }) }
}

async function fromGlance(
  backend: JobBackend,
  job: CopyImageJob,
  source: Extract<Told['source'], { kind: 'glance' }>,
): Promise<Told> {
  const { checked } = await imageOf(backend, job, source.imageId)
  const asked = job.input.image
  const { format, sizeBytes, sha256 = asked.sha256, sha512 } = checked
  agree(source.imageId, 'format', asked.format, format)
  agree(source.imageId, 'sha256', asked.sha256, sha256)
  agree(source.imageId, 'sha512', source.sha512, sha512)
  agree(source.imageId, 'sizeBytes', source.sizeBytes, sizeBytes)
  const promised = { ...(sizeBytes !== undefined && { sizeBytes }), ...(sha512 !== undefined && { sha512 }) }
  const secrets = await secretsFor(backend, source)
  return {
    source: { ...source, ...promised },
    format,
    ...(sha256 !== undefined && { sha256 }),
    ...(secrets && { secrets }),
  }
}

/** @throws DriverError InvalidInput: who asked expects another image than the one that is there. */
const agree = <T extends string | number>(
  imageId: string,
  what: string,
  asked: T | undefined,
  found: T | undefined,
): void => {
  if (asked === undefined || found === undefined || asked === found) return
  throw new DriverError('InvalidInput', `image ${imageId} has the ${what} ${found}, not ${asked}`)
}
