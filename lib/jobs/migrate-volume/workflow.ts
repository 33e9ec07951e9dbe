import { isInPlace, measure } from '../relocation.ts'
import type { Steps } from '../workflow.ts'
import { attachTarget, awaitBoth, detachTarget, holdSource, letGoOfSource } from './attach.ts'
import { isCopied, startCopy, stopCopy } from './copy.ts'
import { finishHandOver, handOver, removeSource, verify } from './hand-over.ts'
import { move, moveBack } from './move.ts'
import { type Copy, giveBack, type Move, take } from './take.ts'
import { makeTarget, removeTarget } from './target.ts'

type Page = Steps<'migrate-volume'>

/** A volume on another cluster of its location, the same under the same id and name; or on another backend, copied. */
export async function migrateVolume(steps: Page) {
  const { step, turn, compensate } = steps
  await turn((job) => job.input.host)
  compensate('give back', giveBack)
  const journey = await step('take', take)
  await (journey.kind === 'move' ? moveOver(steps, journey) : copyOver(steps, journey))
}

async function moveOver({ step, until, compensate }: Page, journey: Move) {
  compensate('move back', moveBack(journey))
  await step('move', move(journey))
  const began = await step('measure', measure(journey))
  await until('relocate', isInPlace(journey, began))
  await step('give back', giveBack)
}

async function copyOver({ step, until, compensate }: Page, copy: Copy) {
  compensate('let go of the source', letGoOfSource(copy))
  await step('hold the source', holdSource(copy))
  compensate('remove the target', removeTarget(copy))
  const made = await step('make the target', makeTarget(copy))
  compensate('detach', detachTarget(copy, made))
  await step('attach', attachTarget(copy, made))
  await step('wait for the devices', awaitBoth(copy, made))
  compensate('stop copy', stopCopy(copy, made))
  await step('start copy', startCopy(copy, made))
  await until('copy', isCopied(copy, made))
  await step('detach', detachTarget(copy, made))
  await step('verify', verify(copy, made))
  compensate('remove the source', finishHandOver(copy, made))
  await step('hand over', handOver(copy, made))
  await step('remove the source', removeSource(copy))
}
