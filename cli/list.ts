import * as z from 'zod'
import type { Command } from './command.ts'
import { Job, standing } from './job.ts'
import { table } from './print.ts'
import { between, bytesOf, rateOf, spanOf } from './units.ts'

const Jobs = z.object({ jobs: z.array(Job) })

/** Jobs shown where nobody says how many. */
const LIMIT = 20

const rowOf = (job: Job): string[] => [
  job.id,
  job.kind,
  job.status,
  job.percent === undefined ? '' : `${job.percent} %`,
  job.totalBytes === 0 ? '' : bytesOf(job.totalBytes),
  job.status === 'running' && job.bytesPerSecond > 0 ? rateOf(job.bytesPerSecond) : '',
  job.etaSeconds === undefined ? '' : spanOf(job.etaSeconds),
  job.startedAt === undefined ? '' : between(job.startedAt, job.finishedAt),
  between(job.createdAt),
  job.project,
  job.error === undefined || job.status === 'cancelled'
    ? standing(job)
    : `${standing(job)}: ${job.error.name}`,
]

/** The newest jobs, one line each. */
export const list: Command = async ({ front, print, status, project, limit = String(LIMIT), after }) => {
  const query = new URLSearchParams({
    limit,
    ...(status !== undefined && { status }),
    ...(project !== undefined && { project }),
    ...(after !== undefined && { marker: after }),
  })
  const answer = await front.get(`/jobs?${query.toString()}`, Jobs)
  const head = ['ID', 'KIND', 'STATUS', 'DONE', 'SIZE', 'RATE', 'LEFT', 'TOOK', 'AGE', 'PROJECT', 'STEP']
  print.answer(answer, () => {
    const { jobs } = answer
    if (jobs.length === 0) return 'No jobs.'
    const more = jobs.length < Number(limit) ? '' : `\nMore: --after ${jobs.at(-1)?.id}`
    return `${table(head, jobs.map(rowOf), [3, 4, 5, 6, 7, 8])}${more}`
  })
  return 0
}
