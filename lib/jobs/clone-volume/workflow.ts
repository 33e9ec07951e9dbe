import { isInPlace, measure } from '../relocation.ts'
import type { Steps } from '../workflow.ts'
import { check } from './check.ts'
import { copy, handOver, removeCopy } from './copy.ts'
import { move, settleIn } from './elsewhere.ts'
import { hasParent, leaveParent } from './independent.ts'

/** A volume that begins with the data of another or of a snapshot: here, or on another cluster of the location. */
export async function cloneVolume({ step, until, compensate }: Steps<'clone-volume'>) {
  const plan = await step('check', check)
  compensate('remove copy', removeCopy)
  const clone = await step('copy', copy(plan))
  if (plan.remote) {
    await step('move', move(clone))
    await step('settle in', settleIn(clone))
  }
  const alone = plan.wait === 'independent'
  if (alone) await step('leave parent', leaveParent(clone))
  if (plan.remote || plan.wait !== 'none') {
    const began = await step('measure', measure(clone))
    await until(
      'relocate',
      isInPlace(clone, began, (there) => !alone || !hasParent(there)),
    )
  }
  await step('hand over', handOver(clone))
}
