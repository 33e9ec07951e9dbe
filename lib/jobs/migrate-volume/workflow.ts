import { isInPlace, measure } from '../relocation.ts'
import type { Steps } from '../workflow.ts'
import { move, moveBack } from './move.ts'
import { giveBack, take } from './take.ts'

/** A volume on another cluster of its location: the same volume, under the same id and name. */
export async function migrateVolume({ step, until, compensate }: Steps<'migrate-volume'>) {
  compensate('give back', giveBack)
  const journey = await step('take', take)
  switch (journey.kind) {
    case 'move': {
      compensate('move back', moveBack(journey))
      await step('move', move(journey))
      const began = await step('measure', measure(journey))
      await until('relocate', isInPlace(journey, began))
    }
  }
  await step('give back', giveBack)
}
