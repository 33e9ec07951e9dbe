import type { Secrets } from '../../agent/tasks.ts'
import type { JobBackend } from '../backend.ts'

/** What opens a store for the agent: of Glance a token of our own, of any other what is kept for its name. */
export const secretsFor = async (
  backend: Pick<JobBackend, 'secretsOf' | 'glance'>,
  { kind, store }: { readonly kind: 'folder' | 's3' | 'glance'; readonly store: string },
): Promise<Secrets | undefined> =>
  kind === 'glance' ? { token: await backend.glance().token() } : backend.secretsOf(store)
