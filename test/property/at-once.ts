import type fc from 'fast-check'
import { expect } from 'vitest'
import type { Cluster } from '../support/cluster.ts'
import { inTurn } from './in-turn.ts'
import { type Ending, emptyModel, type Input, type Model } from './model.ts'
import { inputFor } from './records.ts'
import { apply, type Operation } from './rules.ts'
import { booked, bookOf, carryOut, take } from './sequence.ts'
import type { Step } from './steps.ts'
import { cleared, expected, expectSound, seen } from './world.ts'

const permutations = <T>(list: readonly T[]): T[][] =>
  list.length === 0
    ? [[]]
    : list.flatMap((one, n) => permutations(list.toSpliced(n, 1)).map((rest) => [one, ...rest]))

const subsets = <T>(list: readonly T[]): T[][] =>
  list.reduce<T[][]>((all, one) => all.concat(all.map((some) => [...some, one])), [[]])

/**
 * These may have done their work: the object was renamed or deleted by another before they had read it again, or the
 * attachment they had made was made anew.
 */
const inDoubt: ReadonlySet<Ending> = new Set<Ending>([
  'OutcomeUnknown',
  'VolumeNotFound',
  'SnapshotNotFound',
  'StaleGeneration',
])

interface Done {
  readonly operation: Operation
  readonly input: Input
  readonly answer: unknown
}

/** The model after some operations that all ended well, or undefined where one could not have. */
const after = (before: Model, order: readonly Done[]): Model | undefined => {
  let model = before
  for (const { operation, input, answer } of order) {
    const next = apply(model, operation, input, answer)
    if (!next.endings.includes('ok')) return undefined
    model = next.after
  }
  return model
}

/**
 * Some steps, then several at once. Those that ended well did so in some order; those that were refused did nothing.
 * One whose outcome is not known is repeated, as it asks for.
 */
export const atOnce = async (
  cluster: Cluster,
  scheduler: fc.Scheduler,
  steps: readonly Step[],
  together: readonly Step[],
): Promise<void> => {
  await cleared(cluster)
  let model = emptyModel()
  for (const step of steps) model = await take(cluster, model, step)
  const calls = together.flatMap(({ operation, input }) =>
    operation === 'write' ? [] : { operation, input: inputFor(model, input) },
  )
  const outcomes = await scheduler.waitFor(
    Promise.all(
      calls.map(async (call, n) => {
        const backend = inTurn(scheduler, cluster.backend, `${n} ${call.operation}`)
        return { ...call, ...(await carryOut(backend, call.operation, call.input)) }
      }),
    ),
  )
  for (const { operation, input, ending } of outcomes)
    if (ending === 'OutcomeUnknown') await carryOut(cluster.backend, operation, input)
  const pages = await expectSound(cluster)
  const reverts = calls.some(({ operation }) => operation === 'revert_to_snapshot')
  const is = { ...settled(seen(cluster), reverts), book: bookOf(pages) }
  const done = outcomes.filter(({ ending }) => ending === 'ok')
  const doubtful = outcomes.filter(({ ending }) => inDoubt.has(ending))
  const might = subsets(doubtful)
    .flatMap((happened) => permutations([...done, ...happened]))
    .map((order) => after(model, order))
    .flatMap((one) => (one === undefined ? [] : { ...settled(expected(one), reverts), book: booked(one) }))
  const what = outcomes.map(
    ({ operation, input, ending }) => `${operation} ${JSON.stringify(input)}: ${ending}`,
  )
  if (!might.some((one) => JSON.stringify(sorted(one)) === JSON.stringify(sorted(is)))) {
    expect({ is }, what.join('\n')).toEqual({ is: might[0] ?? 'not what any order could give' })
    throw new Error('unreachable')
  }
}

/**
 * Without what is read, changed and written back, as StorPool has no condition to write on and of two writers one may
 * win: tags, and the limits that a revert puts back.
 */
const settled = ({ volumes, snapshots, attached }: ReturnType<typeof seen>, reverts: boolean) => ({
  volumes: volumes.map(({ tags, iops, bw, ...rest }) => (reverts ? rest : { ...rest, iops, bw })),
  snapshots: snapshots.map(({ tags, ...rest }) => rest),
  attached,
})

const sorted = (value: any): any => {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  )
}
