import { isOver, type Operation, wireOperation } from './durable-model.ts'
import type { DurableStore } from './durable-store.ts'

export interface Page {
  readonly Operations: readonly object[]
  /** Where the next page begins; absent on the last. */
  readonly NextMarker?: string
}

export interface PageLimits {
  readonly maxItems: number
  /** About how many bytes; one operation is always there. */
  readonly maxBytes: number
}

/**
 * One page of an execution's operations, in the order in which they began. Operations inside a context that is over
 * are left out: its result is known, so it is not entered again, unless it asked for its children to be kept.
 *
 * @param after the marker of the page before, 0 for the first.
 * @param time how times are written.
 */
export const pageOf = (
  store: DurableStore,
  arn: string,
  after: number,
  { maxItems, maxBytes }: PageLimits,
  time: (ms: number) => string | number,
): Page => {
  const hidden = new Set<string>()
  const contexts = new Map<string, Operation>()
  const operations: object[] = []
  let bytes = 0
  let last = after
  for (const { seq, operation } of store.operations(arn)) {
    if (operation.Type === 'CONTEXT') contexts.set(operation.Id, operation)
    const parent = operation.ParentId === undefined ? undefined : contexts.get(operation.ParentId)
    const entered = parent?.ContextDetails?.ReplayChildren === true && !hidden.has(parent.Id)
    if (parent && isOver(parent.Status) && !entered) hidden.add(operation.Id)
    if (seq <= after || hidden.has(operation.Id)) continue
    const wire = wireOperation(operation, time)
    bytes += JSON.stringify(wire).length
    if (operations.length > 0 && (operations.length >= maxItems || bytes > maxBytes)) {
      return { Operations: operations, NextMarker: String(last) }
    }
    operations.push(wire)
    last = seq
  }
  return { Operations: operations }
}
