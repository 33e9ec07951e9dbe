import { v4 } from 'uuid'
import * as z from 'zod'
import type { Backup } from '../agent/backups.ts'
import type { AgentClient } from '../agent/client.ts'
import { longestWaitSeconds } from '../agent/protocol.ts'
import { StoreName } from '../agent/stores.ts'
import type { Secrets, Task } from '../agent/tasks.ts'
import { fromAgent } from '../agent/words.ts'
import type { Host } from '../driver/backend.ts'
import { knownHost } from '../driver/known-host.ts'
import { CinderId } from '../driver/model.ts'
import { DriverError } from '../errors.ts'
import { type AgentHosts, agentHost } from './agent-host.ts'
import { HostName } from './host-name.ts'

export const ListBackups = z.strictObject({
  repository: StoreName,
  /** Cinder's id of a volume: its backups only. */
  volume: CinderId.optional(),
  host: HostName.optional(),
  /** Of an earlier asking that took too long: its answer is waited for. */
  task: z.uuid().optional(),
})
export type ListBackups = z.infer<typeof ListBackups>

export interface Listing extends AgentHosts {
  agentOn(host: Host): Promise<AgentClient>
  /** What opens a store that agents know by its name; undefined where nothing is needed. */
  secretsOf(store: string): Promise<Secrets | undefined>
  /** Epoch milliseconds by which to answer. */
  readonly deadline: number
}

/** A backup, and what a restore is given of it. */
export interface ListedBackup {
  readonly backup: Pick<Backup, 'snapshotId' | 'sizeBytes' | 'sha256'> & { readonly repository: string }
  readonly time: string
  /** Bytes the repository grew by, before they were compressed. */
  readonly addedBytes: number
  /** The job that made it, the Cinder id of its volume, and the caller's own id of it. */
  readonly job: string
  readonly volume: string | undefined
  readonly backup_id: string | undefined
}

/** Milliseconds an answer of the agent's may take beyond what it was asked to wait. */
const ANSWER_MS = 1_500

/**
 * The backups in a repository, the newest 200 first, as the agent of a host finds them there. Changes nothing.
 *
 * @returns also how many there are with those left out.
 * @throws DriverError OutcomeUnknown: it takes longer; repeat it with the task that the details name. InvalidInput: no
 *   host, or the agent knows no such repository. UnknownHost. HostNotReady.
 */
export async function listBackups(
  to: Listing,
  { repository, volume, host: named, task: id = v4() }: ListBackups,
): Promise<{ repository: string; total: number; backups: ListedBackup[] }> {
  const { name } = await agentHost(to, named)
  const host = await knownHost(to.hosts, name)
  const [agent, secrets] = await Promise.all([to.agentOn(host), to.secretsOf(repository)])
  const asking = { requestId: `list:${id}`, clientId: host.clientId, repository }
  const begun = await agent.listBackups(
    { ...asking, ...(volume && { tags: { volume } }), ...(secrets && { secrets }) },
    to.deadline,
  )
  const left = Math.floor((to.deadline - Date.now() - ANSWER_MS) / 1000)
  const waitSeconds = Math.max(0, Math.min(longestWaitSeconds, left))
  const { result } = succeeded(await agent.task({ id: begun.id, waitSeconds }, to.deadline), id)
  const { backups = [], total = backups.length } = result ?? {}
  return { repository, total, backups: backups.map((one) => listed(repository, one)) }
}

/** @throws DriverError as {@link listBackups}. */
function succeeded(task: Task, id: string): Task {
  const { state, error, phase } = task
  if (state === 'succeeded') return task
  if (state === 'failed' && error?.code !== 'interrupted') {
    throw fromAgent(error?.code ?? 'io_error', error?.message ?? 'the list failed', error?.details)
  }
  throw new DriverError('OutcomeUnknown', `the agent is not done yet: it is at "${phase}"`, {
    remedy: `Repeat it with task=${id}.`,
    details: { task: id },
  })
}

const listed = (repository: string, one: Backup): ListedBackup => {
  const { snapshotId, sizeBytes, sha256, time, addedBytes, job, tags } = one
  return {
    backup: { repository, snapshotId, sizeBytes, sha256 },
    ...{ time, addedBytes, job, volume: tags.volume, backup_id: tags.backup },
  }
}
