import { attachSource, awaitSource, detachSource, freezeSource, thawSource } from '../on-host/source.ts'
import type { Steps } from '../workflow.ts'
import { makeImage, removeImage } from './image.ts'
import { isUploaded, startUpload, stopUpload } from './upload.ts'

/** One point in time of a volume as an image: a snapshot, attached read-only, converted and uploaded. */
export async function copyVolumeToImage({ step, until, turn, compensate }: Steps<'copy-volume-to-image'>) {
  await turn((job) => job.input.host)
  compensate('remove the image', removeImage)
  await step('make the image', makeImage)
  compensate('remove the snapshot', thawSource)
  await step('take a snapshot', freezeSource)
  compensate('detach', detachSource)
  await step('attach', attachSource)
  await step('wait for the device', awaitSource)
  compensate('stop upload', stopUpload)
  await step('start upload', startUpload)
  await until('upload', isUploaded)
  await step('detach', detachSource)
  await step('remove the snapshot', thawSource)
}
