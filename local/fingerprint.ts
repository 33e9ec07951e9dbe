import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ServiceFunction } from './service.ts'

/** What every job's steps are run by. */
const shared = ['workflow', 'pages', 'line', 'end'].map((name) => `lib/jobs/${name}.ts`)

/**
 * What a durable function's steps are made of: the source of its own module, of its job's workflow and of what runs that, as they are
 * when first asked for, which is what this process runs.
 */
export const fingerprints = (root: string): ((fn: ServiceFunction) => string) => {
  const known = new Map<string, string>()
  return ({ key, module }) => {
    const there = known.get(key)
    if (there !== undefined) return there
    const job = module.split('/').at(-1) ?? ''
    const hash = createHash('sha256')
    for (const file of [`${module}.ts`, join('lib/jobs', job, 'workflow.ts'), ...shared]) {
      const path = join(root, file)
      if (existsSync(path)) hash.update(readFileSync(path))
    }
    const fingerprint = hash.digest('hex')
    known.set(key, fingerprint)
    return fingerprint
  }
}
