import type { Steps } from '../workflow.ts'
import { isRemoved, startRemoving, stopRemoving } from './remove.ts'

/** A backup out of its repository, with what no other backup shares with it. */
export async function deleteBackup({ step, until, turn, compensate }: Steps<'delete-backup'>) {
  await turn((job) => job.input.host)
  compensate('stop deleting', stopRemoving)
  await step('start deleting', startRemoving)
  await until('delete', isRemoved)
}
