import type { Steps } from '../workflow.ts'
import { isRestored, startRestore, stopRestore } from './restore.ts'
import { attachTarget, awaitTarget, detachTarget, handOver, makeTarget, removeMade } from './target.ts'

/** A backup's bytes onto a volume that is there, or one that is made for them. */
export async function restoreBackup({ step, until, turn, compensate }: Steps<'restore-backup'>) {
  await turn((job) => job.input.host)
  compensate('remove the volume', removeMade)
  await step('look at the volume', makeTarget)
  compensate('detach', detachTarget)
  await step('attach', attachTarget)
  await step('wait for the device', awaitTarget)
  compensate('stop restore', stopRestore)
  await step('start restore', startRestore)
  await until('restore', isRestored)
  await step('detach', detachTarget)
  await step('hand over', handOver)
}
