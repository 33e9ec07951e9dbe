import type { Steps } from '../workflow.ts'
import { attachTarget, awaitTarget, detachTarget } from './attach.ts'
import { isCopied, startCopy, stopCopy } from './copy.ts'

/** An image's bytes onto a volume that is there: attach, copy, detach. */
export async function copyImageToVolume({ step, until, compensate }: Steps<'copy-image-to-volume'>) {
  compensate('detach', detachTarget)
  await step('attach', attachTarget)
  await step('wait for the device', awaitTarget)
  compensate('stop copy', stopCopy)
  await step('start copy', startCopy)
  await until('copy', isCopied)
  await step('detach', detachTarget)
}
