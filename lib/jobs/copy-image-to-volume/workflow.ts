import type { Steps } from '../workflow.ts'
import { attachTarget, awaitTarget, detachTarget } from './attach.ts'
import { isCopied, startCopy, stopCopy } from './copy.ts'
import { checkSource } from './source.ts'

/** An image's bytes onto a volume that is there: attach, copy, detach, when it is this job's turn on the host. */
export async function copyImageToVolume({ step, until, turn, compensate }: Steps<'copy-image-to-volume'>) {
  await step('check the image', checkSource)
  await turn((job) => job.input.host)
  compensate('detach', detachTarget)
  await step('attach', attachTarget)
  await step('wait for the device', awaitTarget)
  compensate('stop copy', stopCopy)
  await step('start copy', startCopy)
  await until('copy', isCopied)
  await step('detach', detachTarget)
}
