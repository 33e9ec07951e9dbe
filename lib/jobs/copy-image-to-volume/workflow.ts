import type { Steps } from '../workflow.ts'
import { attachToHost } from './attach.ts'
import { awaitDevice, isCopied, startCopy, stopCopy } from './copy.ts'
import { detachFromHost } from './detach.ts'

/** An image's bytes onto a volume that is there: attach, copy, detach. */
export async function copyImageToVolume({ step, until, compensate }: Steps<'copy-image-to-volume'>) {
  compensate('detach', detachFromHost)
  await step('attach', attachToHost)
  await step('wait for the device', awaitDevice)
  compensate('stop copy', stopCopy)
  await step('start copy', startCopy)
  await until('copy', isCopied)
  await step('detach', detachFromHost)
}
