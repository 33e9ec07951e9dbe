import { attachSource, awaitSource, detachSource, freezeSource, thawSource } from '../on-host/source.ts'
import type { Steps } from '../workflow.ts'
import { isBackedUp, startBackup, stopBackup } from './backup.ts'

/** One point in time of a volume into a repository: a snapshot, attached read-only, read from its start to its end. */
export async function backupVolume({ step, until, turn, compensate }: Steps<'backup-volume'>) {
  await turn((job) => job.input.host)
  compensate('remove the snapshot', thawSource)
  await step('take a snapshot', freezeSource)
  compensate('detach', detachSource)
  await step('attach', attachSource)
  await step('wait for the device', awaitSource)
  compensate('stop backup', stopBackup)
  await step('start backup', startBackup)
  await until('backup', isBackedUp)
  await step('detach', detachSource)
  await step('remove the snapshot', thawSource)
}
