import { backupJobs } from './backup-jobs.ts'
import { clusterJobs } from './cluster-jobs.ts'
import { imageJobs } from './image-jobs.ts'
import type { CrashJob } from './job.ts'

/** Every job; two of a kind where it goes two ways. */
export const jobs: readonly CrashJob[] = [...imageJobs, ...backupJobs, ...clusterJobs]
