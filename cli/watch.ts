import { setTimeout as delay } from 'node:timers/promises'
import { plainLine, progressLine } from './bar.ts'
import type { Command } from './command.ts'
import { Unreachable } from './front.ts'
import { hasEnded, Job, pathOf, reasonLines } from './job.ts'
import { between, bytesOf } from './units.ts'

/** Milliseconds between two questions: the answer is as old as the question. */
const ASK_MS = 500
/** Milliseconds after which a log gets another line of the same step. */
const LINE_MS = 5_000
/** Milliseconds for which an API that does not answer is asked again. */
const PATIENCE_MS = 30_000

interface Screen {
  /** How far it is now. */
  show(job: Job): void
  /** Lines that stay, below everything shown so far. */
  end(text: string): void
}

/** One line, drawn over and over. */
const terminal = (out: NodeJS.WriteStream): Screen => {
  const clear = '\r\u001b[2K'
  return {
    show: (job) => void out.write(clear + progressLine(job, (out.columns || 80) - 1)),
    end: (text) => void out.write(`\n${text}\n`),
  }
}

/** A line for each step, and now and then one for how far it is. */
const log = (write: (line: string) => void): Screen => {
  let last = { step: '', at: Number.NEGATIVE_INFINITY, line: '' }
  return {
    show(job) {
      const line = plainLine(job)
      const step = `${job.status} ${job.step}`
      const now = performance.now()
      if (line === last.line || (step === last.step && now - last.at < LINE_MS)) return
      last = { step, at: now, line }
      write(`${new Date().toISOString()}  ${line}`)
    },
    end: write,
  }
}

/** A line of JSON for each change. */
const json = (write: (line: string) => void): Screen => {
  let last = ''
  return {
    show(job) {
      const line = JSON.stringify(job)
      if (line !== last) write(line)
      last = line
    },
    end: () => undefined,
  }
}

/** How it ended, in a few lines. */
export const endText = (job: Job): string => {
  const took = between(job.startedAt ?? job.createdAt, job.finishedAt)
  const moved = job.totalBytes === 0 ? '' : `, ${bytesOf(job.doneBytes)} of ${bytesOf(job.totalBytes)}`
  const result = job.result === undefined ? [] : [JSON.stringify(job.result)]
  return [`${job.status} after ${took}${moved}`, ...result, ...reasonLines(job)].join('\n')
}

/** Show how far a job is until it ends. @returns 0 where it succeeded, 1 where not. */
export const watch: Command = async ({ id, front, print }) => {
  const live = process.stdout.isTTY && !print.json
  const screen = print.json ? json(print.line) : live ? terminal(process.stdout) : log(print.line)
  process.once('SIGINT', () => {
    if (live) process.stdout.write('\n')
    console.error(
      `The job goes on. Watch it again: npm run jobs -- watch ${id}; end it: npm run jobs -- cancel ${id}`,
    )
    process.exit(130)
  })
  let heardAt = performance.now()
  for (let first = true; ; first = false) {
    try {
      const job = await front.get(pathOf(id), Job)
      heardAt = performance.now()
      screen.show(job)
      if (!hasEnded(job)) {
        await delay(ASK_MS)
        continue
      }
      screen.end(endText(job))
      return job.status === 'succeeded' ? 0 : 1
    } catch (error) {
      const away = error instanceof Unreachable && !first && performance.now() - heardAt < PATIENCE_MS
      if (!away) throw error
      await delay(ASK_MS)
    }
  }
}
