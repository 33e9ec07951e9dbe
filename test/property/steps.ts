import fc from 'fast-check'
import type { FaultSpec } from '../../simulator/faults.ts'
import { all, inputsOn, one } from './inputs.ts'
import type { Input } from './model.ts'
import type { Operation } from './rules.ts'

/** What goes wrong, at the `skip`-th call that the operation makes. */
export type Fault = Pick<FaultSpec, 'kind' | 'commit' | 'name'> & { readonly skip: number }

/** One step, as data that a failing run prints. `write` is a test's own doing: bytes put into a volume by a host. */
export interface Step {
  readonly operation: Operation | 'write'
  readonly input: Input
  readonly fault?: Fault
}

const inputs = inputsOn(
  fc.constantFrom('v1', 'v1', 'v1', 'v2', 'v2', 'v3'),
  fc.constantFrom('s1', 's1', 's2', 's3'),
)
const inputsOfOne = inputsOn(fc.constantFrom('v1', 'v1', 'v1', 'v1', 'v2'), fc.constantFrom('s1', 's1', 's2'))

export const fault: fc.Arbitrary<Fault> = fc.record(
  {
    skip: fc.nat(4),
    kind: fc.constantFrom('resetAfterCommit', 'reset', 'transient', 'html', 'empty', 'error'),
    commit: fc.boolean(),
    name: fc.constantFrom('internalError', 'insufficientResources'),
  },
  { requiredKeys: ['skip', 'kind', 'name'] },
)

const stepsOf = (
  from: Partial<typeof inputs>,
  withFault: fc.Arbitrary<{ fault?: Fault }>,
): fc.Arbitrary<Step> =>
  fc.oneof(
    ...Object.entries(from).map(([operation, [weight, input]]) => ({
      weight,
      arbitrary: all(fc.constant({ operation }), one('input', input), withFault) as fc.Arbitrary<any>,
    })),
  )

export const step = stepsOf(inputs, fc.oneof(fc.constant({}), one('fault', fault)))
export const quietStep = stepsOf(inputs, fc.constant({}))
/** A step that is likely to be about the same objects as the next. */
export const closeStep = stepsOf(inputsOfOne, fc.constant({})).filter(
  ({ operation }) => operation !== 'write',
)
const connecting = [
  'initialize_connection',
  'terminate_connection',
  'delete_volume',
  'revert_to_snapshot',
] as const
export const connectingStep = stepsOf(
  Object.fromEntries(connecting.map((operation) => [operation, inputsOfOne[operation]])),
  fc.constant({}),
)

const beginning: readonly Step[] = [
  { operation: 'create_volume', input: { volume: { id: 'v1', size: 1 } } },
  { operation: 'create_volume', input: { volume: { id: 'v2', size: 2 } } },
  { operation: 'create_snapshot', input: { snapshot: { id: 's1', volume_id: 'v1' } } },
]

/** Steps on an empty cluster, or on one with two volumes and a snapshot. */
export const begun = (steps: fc.Arbitrary<readonly Step[]>): fc.Arbitrary<readonly Step[]> =>
  fc.tuple(fc.constantFrom([], beginning, beginning), steps).map((parts) => parts.flat())
