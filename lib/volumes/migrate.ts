import * as z from 'zod'
import { migrated, submitMigration } from './migration.ts'
import type { Operation } from './operation.ts'

const Input = z.object({ to: z.string() })

/** The data on another backend, under the same id. */
export const migrating: Operation = {
  doing: 'migrate volume',
  async run(storage, volume, input) {
    const job = await submitMigration(storage, volume, Input.parse(input).to)
    return { job, changes: { migrationStatus: 'migrating' } }
  },
  ended: async (_, volume, __, job) => ({
    done: { ...migrated(volume, job), migrationStatus: 'success' },
  }),
  failed: async () => ({ migrationStatus: 'error' }),
}
