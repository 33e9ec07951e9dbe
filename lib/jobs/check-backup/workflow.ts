import type { Steps } from '../workflow.ts'
import { isChecked, startCheck, stopCheck } from './check.ts'

/** Whether a backup, or a whole repository, can still be read. Changes nothing. */
export async function checkBackup({ step, until, turn, compensate }: Steps<'check-backup'>) {
  await turn((job) => job.input.host)
  compensate('stop checking', stopCheck)
  await step('start checking', startCheck)
  await until('check', isChecked)
}
