import { mostRead } from '../../../agent/images/bytes.ts'
import { type Inspected, inspect } from '../../../agent/images/inspect.ts'
import { Refusal } from '../../../agent/refusal.ts'
import { type Mutant, mutantsOf } from './mutate.ts'
import { type Kind, memory } from './support.ts'

export type Outcome =
  | { readonly kind: 'taken'; readonly inspected: Inspected }
  | { readonly kind: 'refused'; readonly reason: string }

export interface Fuzz {
  readonly images: Readonly<Record<Kind, Buffer>>
  readonly seed: number
  readonly cases: number
  /** Called with each case, whose content is good until this resolves. */
  readonly onCase?: (index: number, mutant: Mutant, outcome: Outcome) => Promise<void> | void
}

/** What inspection makes of one image. @throws whatever is no refusal of the image */
const outcomeOf = async ({ declared, content }: Mutant): Promise<Outcome & { read: number }> => {
  const { bytes, read } = memory(content)
  try {
    const inspected = await inspect(bytes, declared)
    return { kind: 'taken', inspected, read: read.bytes }
  } catch (error) {
    if (!(error instanceof Refusal) || !['format_refused', 'format_mismatch'].includes(error.code))
      throw error
    return { kind: 'refused', reason: error.message, read: read.bytes }
  }
}

/**
 * Inspect mutants: each is taken as what it was called with a size that is exact, or refused; nothing else is
 * thrown, and no more is read than the bound.
 *
 * @returns counts, and the longest a case took
 */
export const fuzz = async ({ images, seed, cases, onCase }: Fuzz) => {
  const mutant = mutantsOf(images, seed)
  const taken: Record<string, number> = {}
  let refused = 0
  let slowestMs = 0
  let mostBytes = 0
  for (let index = 0; index < cases; index += 1) {
    const made = mutant(index)
    const started = performance.now()
    const outcome = await outcomeOf(made).catch((error: unknown) => {
      throw new Error(`Case ${index} of seed ${seed}, a ${made.base}, threw`, { cause: error })
    })
    slowestMs = Math.max(slowestMs, performance.now() - started)
    mostBytes = Math.max(mostBytes, outcome.read)
    const wrong = (what: string) => new Error(`Case ${index} of seed ${seed}, a ${made.base}: ${what}`)
    if (outcome.read > mostRead) throw wrong(`read ${outcome.read} bytes`)
    if (outcome.kind === 'taken') {
      const { format, virtualSize } = outcome.inspected
      if (format !== made.declared) throw wrong(`taken as ${format}`)
      if (!Number.isSafeInteger(virtualSize) || virtualSize <= 0 || virtualSize % 512 !== 0) {
        throw wrong(`a size of ${virtualSize}`)
      }
      taken[made.base] = (taken[made.base] ?? 0) + 1
    } else refused += 1
    await onCase?.(index, made, outcome)
  }
  return { taken, refused, slowestMs, mostBytes }
}
