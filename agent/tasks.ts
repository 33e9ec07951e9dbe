import { setTimeout as sleep } from 'node:timers/promises'
import type { Task, TaskRequest } from '../lib/agent/tasks.ts'
import { barredBy } from './barred.ts'
import { closing } from './closing.ts'
import type { Context } from './context.ts'
import { longestTimerMs, msUntil } from './deadline.ts'
import { leftoversOf } from './leftovers.ts'
import { mayBeginAnew } from './new-task.ts'
import { type RateMeter, rateMeter } from './rate.ts'
import { asRefusal, Refusal } from './refusal.ts'
import type { Run } from './run.ts'
import { hasEnded, type TaskRecord } from './state.ts'
import { generationOn } from './uses.ts'
import { briefly, viewOf } from './view.ts'
import { work } from './work.ts'

/** Between two records of progress; what is said is never ahead of what is recorded. */
const progressMs = 300

interface Running {
  readonly controller: AbortController
  readonly ended: Promise<void>
  readonly rate: RateMeter
}

interface Work {
  readonly id: string
  readonly controller: AbortController
  readonly rate: RateMeter
  /** What has to be on the disk, and who has to be gone, before it begins. */
  readonly after: readonly Promise<void>[]
  /** Whole, with what is written down nowhere. */
  readonly request: TaskRequest
}

/** The tasks of one agent: begun, watched, stopped; what a restart has cut off, begun anew when it is asked for again. */
export const taskEngine = (context: Context) => {
  const { state, record, log } = context
  const running = new Map<string, Running>()
  const leftovers = leftoversOf(context)

  const get = (id: string): TaskRecord => {
    const task = state.tasks.get(id)
    if (task === undefined) throw new Refusal('not_found', `There is no task ${id}`)
    return task
  }
  const update = (id: string, patch: Partial<TaskRecord>) =>
    record({ ...get(id), ...patch, updatedAt: new Date().toISOString() })

  /** A full disk must not stop a copy that is under way; health says that the journal cannot be written. */
  const tolerant = (written: Promise<void>) =>
    written.catch((error: unknown) => log.error('journal', { message: asRefusal(error).message }))

  const runOf = ({ id, controller, rate, request }: Work): Run => {
    let recordedAt = Number.NEGATIVE_INFINITY
    const isTime = () => {
      if (performance.now() - recordedAt < progressMs) return false
      recordedAt = performance.now()
      return true
    }
    const progress = (doneBytes: number, checkpoint?: number) => {
      const task = get(id)
      // The cleared rest of a volume is no part of what is copied.
      const done = Math.max(task.doneBytes, Math.min(doneBytes, task.totalBytes))
      rate.add(done)
      const at = new Date().toISOString()
      if (checkpoint !== undefined) {
        return tolerant(record({ t: 'progress', id, at, doneBytes: done, checkpoint }))
      }
      if (isTime()) context.note({ t: 'progress', id, at, doneBytes: done })
      return Promise.resolve()
    }
    return {
      context,
      signal: controller.signal,
      request,
      task: () => get(id),
      update: (patch) => update(id, patch),
      fetched: (fetchedBytes) => {
        rate.add(fetchedBytes)
        const { doneBytes } = get(id)
        if (isTime())
          context.note({ t: 'progress', id, at: new Date().toISOString(), doneBytes, fetchedBytes })
      },
      uploaded: (uploadedBytes, doneBytes = get(id).doneBytes) => {
        rate.add(uploadedBytes)
        if (isTime())
          context.note({ t: 'progress', id, at: new Date().toISOString(), doneBytes, uploadedBytes })
      },
      progress: (doneBytes) => void progress(doneBytes),
      checkpoint: (offset) => progress(offset, offset),
    }
  }

  const endOf = (task: TaskRecord, error: Refusal): Partial<TaskRecord> => ({
    state: error.code === 'cancelled' ? 'cancelled' : 'failed',
    error: error.body,
    result: { partlyWritten: task.wrote },
  })

  const carryOut = async (task: Work) => {
    const { id, controller } = task
    try {
      await Promise.all(task.after)
      controller.signal.throwIfAborted()
      await update(id, { state: 'running' })
      const result = await work(runOf(task))
      await tolerant(update(id, { state: 'succeeded', phase: 'done', doneBytes: get(id).totalBytes, result }))
    } catch (cause) {
      const reason: unknown = controller.signal.aborted ? controller.signal.reason : cause
      // Never taken on, because the journal could not be written.
      if (reason === closing || !state.tasks.has(id)) return
      const error = asRefusal(reason)
      await tolerant(update(id, endOf(get(id), error)))
      log.warn('task ended', { task: id, code: error.code, reason: error.message })
    }
    await leftovers.clear(id)
  }

  const begin = (id: string, after: readonly Promise<void>[], request: TaskRequest) => {
    const controller = new AbortController()
    const rate = rateMeter()
    const timer = timeLimit(id)
    const ended = carryOut({ id, controller, rate, after, request }).finally(() => {
      clearTimeout(timer)
      running.delete(id)
    })
    running.set(id, { controller, ended, rate })
  }

  const timeLimit = (id: string) => {
    const { deadline } = get(id).request
    const reason = new Refusal('deadline_passed', `The task's deadline, ${deadline}, has passed`)
    const ms = Math.max(0, Math.min(msUntil(deadline), longestTimerMs))
    return setTimeout(() => void putDownAndStop([id], reason), ms)
  }

  /** Ask tasks to stop; resolves when no process of theirs is left. */
  const stop = async (ids: readonly string[], reason: Refusal) => {
    const stopping = ids.flatMap((id) => running.get(id) ?? [])
    for (const { controller } of stopping) controller.abort(reason)
    await Promise.all(stopping.map(({ ended }) => ended))
  }

  /**
   * Put down that tasks are to stop, then stop them. A crash in between does not bring them back, and neither does who
   * asks again for one that was cut off before.
   */
  const putDownAndStop = async (ids: readonly string[], reason: Refusal) => {
    const { code, message } = reason
    const active = ids.filter((id) => running.has(id))
    const waiting = ids.map(get).filter(mayBeginAnew)
    await Promise.all([
      ...active.map((id) => tolerant(update(id, { stopping: { code, message } }))),
      ...waiting.map((task) => end(task, reason)),
    ])
    await stop(active, reason)
  }

  /** Of a task that does not run. */
  const end = async (task: TaskRecord, reason: Refusal) => {
    await tolerant(update(task.id, endOf(task, reason)))
    await leftovers.clear(task.id)
  }

  const view = (task: TaskRecord): Task => viewOf(task, running.get(task.id)?.rate.bytesPerSecond ?? 0)

  return {
    get,
    begin,
    newest: (count: number) => [...state.tasks.values()].slice(-count).reverse(),
    /** The tasks on a volume that have not ended. */
    activeOn: (globalId: string) =>
      [...running.keys()].map(get).filter((task) => generationOn(task.request, globalId) !== undefined),
    /** The tasks on a volume that were cut off, and go on when they are asked for again. */
    waitingOn: (globalId: string) =>
      [...state.tasks.values()].filter(
        (task) => mayBeginAnew(task) && generationOn(task.request, globalId) !== undefined,
      ),
    /** Until the last of what it leaves is cleared away. */
    isRunning: (id: string) => running.has(id),
    get active() {
      return running.size
    },
    stop: putDownAndStop,
    /** Wait until a task has ended, or so long. */
    waitFor: async (id: string, waitMs: number, signal: AbortSignal) => {
      const task = running.get(id)
      if (task === undefined || waitMs <= 0) return
      const timer = new AbortController()
      const over = sleep(waitMs, undefined, { signal: AbortSignal.any([timer.signal, signal]) }).catch(
        () => {},
      )
      await Promise.race([task.ended, over])
      timer.abort()
    },
    /**
     * End what an earlier agent left. Nothing goes on by itself: who has the volumes by now is in no journal, but in the
     * book that whoever asks again has read.
     */
    interrupt: async () => {
      const left = [...state.tasks.values()].filter((task) => !hasEnded(task))
      for (const task of left) {
        const reason = barredBy(context, task) ?? cutOff()
        await tolerant(update(task.id, endOf(task, reason)))
        log.info('task ended', { task: task.id, code: reason.code })
      }
    },
    clearLeftovers: leftovers.clearAll,
    close: () => stop([...running.keys()], closing),
    view,
    brief: (task: TaskRecord): Task => briefly(view(task)),
  }
}
export type Tasks = ReturnType<typeof taskEngine>

const cutOff = () =>
  new Refusal('interrupted', 'The agent was started anew: ask again to go on where the task stood')
