import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Settings } from './config.ts'
import { type Finding, finding } from './finding.ts'
import type { CopyUser } from './guard.ts'
import { asRefusal } from './refusal.ts'
import { assertOwn } from './repository-folder.ts'

/** Repositories in folders: whose they are, and whether one can be made. Servers are not asked: `check` has no keys. */
export const checkStores = async ({ stores, backupUser }: Settings): Promise<Finding[]> => {
  const user = backupUser === 'agent' || process.getuid?.() !== 0 ? undefined : backupUser
  return Promise.all(
    Object.entries(stores).flatMap(([name, store]) =>
      store.kind === 'restic' && store.path !== undefined
        ? [repository(`store ${name}`, store.path, user)]
        : [],
    ),
  )
}

const repository = async (what: string, path: string, user: CopyUser | undefined) => {
  try {
    await assertOwn(path, user)
    await stat(dirname(path))
    return finding(what, path)
  } catch (error) {
    return finding(what, asRefusal(error).message, `Make ${dirname(path)}, or see docs/agent.md, Backups`)
  }
}
