import { readdirSync } from 'node:fs'
import type { agentClient } from '../../lib/agent/client.ts'
import type { BackupVolume, RestoreBackup, Task } from '../../lib/agent/tasks.ts'
import { attachment, clientId, ended, globalId, type Host, restic, soon } from './support.ts'

type Client = ReturnType<typeof agentClient>

export const password = 'a word that opens it'
export const secrets = { password }

/** An agent whose store `nightly` is a repository in a folder of the host, not made yet. */
export const startBackups = async (host: Host, changes: object = {}) => {
  const path = host.at('nightly')
  return { path, ...(await host.start({ stores: { nightly: { kind: 'restic', path } }, ...changes })) }
}

export type Backups = Awaited<ReturnType<typeof startBackups>>

export const backupRequest = (sizeBytes: number, changes: Partial<BackupVolume> = {}): BackupVolume => ({
  requestId: 'backup-1',
  clientId,
  secrets,
  repository: 'nightly',
  volume: { globalId, sizeBytes },
  attachment: attachment(),
  ...changes,
})

/** What sets the backup of one volume apart from another's. */
export const ofVolume = (id: string, sizeBytes: number) => ({
  volume: { globalId: id, sizeBytes },
  requestId: `backup-${id}`,
})

/** As restic lists them. */
export const snapshotsIn = ({ path }: Backups): { id: string }[] =>
  JSON.parse(restic(path, password, 'snapshots', '--json', '--no-lock'))

export const locksIn = ({ path }: Backups): string[] => readdirSync(`${path}/locks`)

/** A task that must succeed, from its request to its end. */
export const done = async (client: Client, begun: Promise<Task>) => {
  const task = await ended(client, (await begun).id)
  if (task.state !== 'succeeded') throw new Error(`${task.kind} ended: ${JSON.stringify(task.error)}`)
  return task.result!
}

/** A whole backup of what is attached. */
export const backedUp = async (client: Client, sizeBytes: number, changes: Partial<BackupVolume> = {}) => {
  const { snapshotId, sha256, addedBytes } = await done(
    client,
    client.backupVolume(backupRequest(sizeBytes, changes), soon()),
  )
  return { snapshotId: snapshotId!, sha256: sha256!, addedBytes: addedBytes! }
}

export const inNightly = (requestId: string) => ({ requestId, clientId, secrets, repository: 'nightly' })

export const restoreRequest = (
  snapshotId: string,
  sizeBytes: number,
  changes: Partial<RestoreBackup> = {},
): RestoreBackup => ({
  ...inNightly('restore-1'),
  snapshotId,
  sizeBytes,
  volume: { globalId: 'r.s.t', sizeBytes },
  attachment: attachment(1, 'target'),
  targetState: 'new',
  ...changes,
})
