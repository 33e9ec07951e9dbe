import type { Ending, Input, Model } from './model.ts'
import type { Rule } from './rule.ts'
import { connections } from './rules-of-connections.ts'
import { managing } from './rules-of-managing.ts'
import { snapshots } from './rules-of-snapshots.ts'
import { volumes } from './rules-of-volumes.ts'

export const rules = { ...volumes, ...snapshots, ...connections, ...managing } satisfies Record<string, Rule>

export type Operation = keyof typeof rules

/** What a model comes to by an operation, and how that may end. */
export const apply = (before: Model, operation: Operation, input: Input, answer: unknown) => {
  const after = structuredClone(before)
  const rule: Rule = rules[operation]
  const ending = rule(after, input, answer)
  const endings: readonly Ending[] = typeof ending === 'string' ? [ending] : ending
  // Where the model cannot tell, nothing changes.
  return { endings, after: endings.length === 1 && endings[0] === 'ok' ? after : before }
}
