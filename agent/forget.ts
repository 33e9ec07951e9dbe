import type { Restic } from './restic.ts'
import { whenUnlocked } from './restic-locks.ts'
import type { Snapshot } from './snapshots.ts'

/** Remove snapshots from a repository, not yet what only they need. */
export const forget = (restic: Restic, snapshots: readonly Snapshot[]): Promise<string> =>
  whenUnlocked(restic, () => restic.run(['forget', ...snapshots.map(({ id }) => id)]))
