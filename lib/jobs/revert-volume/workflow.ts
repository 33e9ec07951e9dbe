import type { Steps } from '../workflow.ts'
import { putBack, revert } from './revert.ts'
import { dropUnneeded, keepSafety } from './safety.ts'
import { giveBack, take } from './take.ts'

/** A snapshot's data back in its volume, and what the volume was before in a snapshot that goes by itself. */
export async function revertVolume({ step, compensate }: Steps<'revert-volume'>) {
  compensate('give back', giveBack)
  await step('take', take)
  compensate('drop the safety snapshot', dropUnneeded)
  await step('keep a safety snapshot', keepSafety)
  compensate('put size and limits back', putBack)
  await step('revert', revert)
  await step('give back', giveBack)
}
