import { backupJobs } from './backup-jobs.ts'
import { clusterJobs } from './cluster-jobs.ts'
import { imageJobs } from './image-jobs.ts'
import type { CrashJob } from './job.ts'
import { outsideJobs } from './outside-jobs.ts'

/** Every job; two of a kind where it goes two ways. */
export const jobs: readonly CrashJob[] = [...imageJobs, ...backupJobs, ...clusterJobs, ...outsideJobs]

/** What runs beside each other: no more than have their turn on one host at once, and those by themselves that would wait. */
export const groupsOf = (some: readonly CrashJob[]): CrashJob[][] => {
  const beside = (outside: boolean) => some.filter((job) => !job.alone && (job.outside ?? false) === outside)
  const apart = some.filter(({ alone }) => alone).map((job) => [job])
  return [beside(false), beside(true), ...apart].filter(({ length }) => length > 0)
}
