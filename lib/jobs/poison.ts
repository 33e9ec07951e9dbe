import { inDriversWords } from '../drivers-words.ts'
import type { DriverErrorName } from '../errors.ts'
import { withoutQueries } from './withheld.ts'

/** However often such a message is delivered, it is refused. */
const never: readonly DriverErrorName[] = ['InvalidInput', 'Conflict', 'TooLarge', 'NotSupported']

/**
 * Why a message can never be taken; nothing of what it holds is repeated.
 *
 * @returns undefined where another delivery may do.
 */
export const poisonOf = (error: unknown): string | undefined => {
  const { name, message } = inDriversWords(error)
  return never.includes(name) ? `${name}: ${withoutQueries(message)}` : undefined
}
