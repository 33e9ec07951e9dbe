import { expect } from 'vitest'
import type { Page } from '../../lib/driver/backend.ts'
import { inDriversWords } from '../../lib/drivers-words.ts'
import { methods } from '../conformance/methods.ts'
import type { Cluster } from '../support/cluster.ts'
import { type Ending, emptyModel, type Input, type Model } from './model.ts'
import { inputFor } from './records.ts'
import { apply, type Operation } from './rules.ts'
import type { Step } from './steps.ts'
import { cleared, expected, expectSound, holdsOver, markIn, pagesOf, seen, writeMark } from './world.ts'

export interface Outcome {
  readonly ending: Ending
  readonly answer: unknown
  readonly error?: unknown
}

/** Carry an operation out, as a function would. It fails in the driver's words only. */
export const carryOut = async (
  backend: Cluster['backend'],
  operation: Operation,
  input: Input,
): Promise<Outcome> => {
  try {
    return { ending: 'ok', answer: await methods[operation](backend, input) }
  } catch (error) {
    const said = inDriversWords(error)
    if (said.message === 'something failed that should not have') throw error
    return { ending: said.name, answer: undefined, error }
  }
}

/** With a fault: once with it, and once more, as a queue would. What was done the first time is found done. */
const withFault = async (cluster: Cluster, { operation, fault }: Step, input: Input): Promise<Outcome> => {
  if (operation === 'write' || fault === undefined) throw new Error('not for this step')
  const { name, ...rest } = fault
  cluster.simulator.fault({ ...rest, ...(fault.kind === 'error' ? { name } : {}) } as any)
  const first = await carryOut(cluster.backend, operation, input)
  cluster.simulator.reset()
  const second = await carryOut(cluster.backend, operation, input)
  if (first.ending === 'ok' && second.ending === 'ok') expect(second).toEqual(first)
  return second
}

/** One step on a cluster that is as `model` says; gives back the model it is like afterwards. */
export const take = async (cluster: Cluster, model: Model, step: Step): Promise<Model> => {
  const input = inputFor(model, step.input)
  if (step.operation === 'write') return writeMark(cluster, model, input)
  const { ending, answer, error } =
    step.fault === undefined
      ? await carryOut(cluster.backend, step.operation, input)
      : await withFault(cluster, step, input)
  const { endings, after } = apply(model, step.operation, input, answer)
  const what = `${step.operation} ${JSON.stringify(input)}: ${error ?? 'ok'}`
  expect(endings, what).toContain(ending)
  expect(seen(cluster), what).toEqual(expected(after))
  await holdsOver(cluster)
  return after
}

/** Any steps, one after the other, on a new cluster: after each it is as the model says. */
export const sequence = async (cluster: Cluster, steps: readonly Step[]): Promise<void> => {
  await cleared(cluster)
  let model = emptyModel()
  let generations = new Map<string, number>()
  for (const step of steps) {
    model = await take(cluster, model, step)
    const pages = await pagesOf(cluster)
    for (const { globalId, generation } of pages)
      expect(generation).toBeGreaterThanOrEqual(generations.get(globalId) ?? 0)
    generations = new Map(pages.map(({ globalId, generation }) => [globalId, generation]))
    expect(bookOf(pages)).toEqual(booked(model))
  }
  const pages = await expectSound(cluster)
  expect(pages.filter(({ reverting }) => reverting !== undefined)).toEqual([])
  for (const { gid, data, name } of model.volumes.values()) {
    expect(await markIn(cluster, gid), `what was written to ${name}`).toBe(data)
  }
}

export const bookOf = (pages: readonly Page[]) =>
  Object.fromEntries(
    pages
      .filter(({ attachments }) => Object.keys(attachments).length > 0)
      .map(({ globalId, attachments }) => [
        globalId,
        Object.fromEntries(
          Object.values(attachments).map(({ id, host, mode, generation, state }) => [
            id,
            { host, mode, generation, state },
          ]),
        ),
      ]),
  )

export const booked = ({ book }: Model) =>
  Object.fromEntries(
    [...book]
      .filter(([, held]) => held.size > 0)
      .map(([gid, held]) => [
        gid,
        Object.fromEntries([...held].map(([id, one]) => [id, { ...one, state: 'attached' }])),
      ]),
  )
