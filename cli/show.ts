import type { Command } from './command.ts'
import { Job, pathOf, reasonLines, standing } from './job.ts'
import { table } from './print.ts'
import { between, bytesOf, rateOf, spanOf } from './units.ts'

/** Names before values. */
const rows = (entries: readonly (readonly [string, string | undefined])[]): string =>
  entries
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `${name.padEnd(9)} ${value}`)
    .join('\n')

const moved = ({ doneBytes, totalBytes, percent, bytesPerSecond, etaSeconds }: Job): string | undefined => {
  if (totalBytes === 0) return undefined
  const rate = bytesPerSecond > 0 ? `, ${rateOf(bytesPerSecond)}` : ''
  const left = etaSeconds === undefined ? '' : `, ${spanOf(etaSeconds)} left`
  return `${bytesOf(doneBytes)} of ${bytesOf(totalBytes)} (${percent} %)${rate}${left}`
}

const stepsOf = ({ steps }: Job): string[] => {
  if (steps.length === 0) return []
  const head = ['STEP', 'BEGAN', 'TOOK']
  const lines = steps.map(({ name, startedAt, endedAt }) => [name, startedAt, between(startedAt, endedAt)])
  return ['', table(head, lines, [2])]
}

export const textOf = (job: Job): string =>
  [
    rows([
      ['id', job.id],
      ['kind', job.kind],
      ['project', job.project],
      ['status', job.status],
      ['step', standing(job)],
      ['attempts', job.attempts > 1 ? String(job.attempts) : undefined],
      ['bytes', moved(job)],
      ['asked', `${job.createdAt}, ${between(job.createdAt)} ago`],
      ['began', job.startedAt && `after ${between(job.createdAt, job.startedAt)}`],
      ['ended', job.finishedAt && `after ${between(job.createdAt, job.finishedAt)}`],
      ['input', JSON.stringify(job.input)],
      ['result', job.result && JSON.stringify(job.result)],
      ['error', reasonLines(job).join('\n          ')],
    ]),
    ...stepsOf(job),
  ].join('\n')

/** All about one job. */
export const show: Command = async ({ id, front, print }) => {
  const job = await front.get(pathOf(id), Job)
  print.answer(job, () => textOf(job))
  return 0
}
