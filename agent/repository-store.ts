import type { RequestOf, Secrets } from '../lib/agent/tasks.ts'
import type { AgentConfig } from './config.ts'
import { Refusal } from './refusal.ts'
import type { ResticStore } from './stores.ts'

/** Work with a repository of backups. */
export type RepositoryRequest = RequestOf<
  'backup-volume' | 'restore-backup' | 'delete-backup' | 'check-backup' | 'list-backups'
>

/**
 * Where a repository is, and what opens it.
 *
 * @throws Refusal `bad_request` the configuration has no such repository, or the request not what opens it
 */
export const repositoryStore = (
  { stores }: AgentConfig,
  { repository, secrets }: RepositoryRequest,
): { store: ResticStore; secrets: Secrets & { password: string } } => {
  const store = Object.hasOwn(stores, repository) ? stores[repository] : undefined
  if (store?.kind !== 'restic') {
    throw new Refusal(
      'bad_request',
      `The request is wrong: this host knows no repository ${repository}. Name it under stores in the agent's configuration`,
    )
  }
  const { password, accessKeyId, secretAccessKey } = secrets ?? {}
  const missing = [
    ...(password === undefined ? ['password'] : []),
    ...(store.s3 !== undefined && accessKeyId === undefined ? ['accessKeyId'] : []),
    ...(store.s3 !== undefined && secretAccessKey === undefined ? ['secretAccessKey'] : []),
  ]
  if (password === undefined || missing.length > 0) {
    throw new Refusal(
      'bad_request',
      `The request is wrong: secrets of the repository ${repository} are missing: ${missing.join(', ')}`,
    )
  }
  return { store, secrets: { ...secrets, password } }
}
