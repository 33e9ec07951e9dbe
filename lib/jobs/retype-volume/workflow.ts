import { isInPlace, measure } from '../relocation.ts'
import type { Steps } from '../workflow.ts'
import { change, putBack } from './change.ts'
import { giveBack, take } from './take.ts'

/** Another type for a volume in place, and its data where that type's template wants it. */
export async function retypeVolume({ step, until, compensate }: Steps<'retype-volume'>) {
  compensate('give back', giveBack)
  const before = await step('take', take)
  compensate('put back', putBack(before))
  await step('retype', change)
  if (before.wait === 'relocation') {
    const began = await step('measure', measure(before))
    await until('relocate', isInPlace(before, began))
  }
  await step('give back', giveBack)
}
