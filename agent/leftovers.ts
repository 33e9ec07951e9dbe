import type { Context } from './context.ts'
import { mayBeginAnew } from './new-task.ts'
import { asRefusal, Refusal } from './refusal.ts'
import { shelfOf } from './shelf.ts'
import { stagingOf } from './staging.ts'
import { hasEnded, type TaskRecord } from './state.ts'

/** How long the files of a task are kept that was cut off and waits to be asked for again. */
const keptMs = 24 * 3600 * 1000

/** Whether a task may still go on with what it has made so far. */
export const isNeeded = (task: TaskRecord): boolean =>
  !hasEnded(task) || (mayBeginAnew(task) && Date.parse(task.updatedAt) + keptMs > Date.now())

/** What a task has on this host's disks beside what it was to make: kept while it may go on, gone afterwards. */
export const leftoversOf = (context: Context) => {
  const { state, log } = context
  const staging = stagingOf(context)

  const remove = async (task: TaskRecord) => {
    try {
      await staging.remove(task.id)
      const { request } = task
      if (request.kind !== 'upload-volume' || request.destination.kind !== 'folder') return
      const shelf = shelfOf(context.config, request, request.destination)
      if (task.state !== 'succeeded') await shelf.takeBack()
      await shelf.removePart()
    } catch (error) {
      log.error('leftovers', { task: task.id, message: asRefusal(error).message })
    }
  }

  /** Nobody has asked again: whoever does from now on is told, as there is nothing left to go on from. */
  const giveUp = (task: TaskRecord): Promise<void> => {
    const { body: error } = new Refusal(
      'deadline_passed',
      'The agent was started anew, and nobody asked for the task again for a day',
    )
    return context.record({ ...task, error })
  }

  /** Remove what an ended task has left; of one that may be asked for again, in a day. */
  const clear = async (id: string): Promise<void> => {
    const task = state.tasks.get(id)
    if (task === undefined) return staging.remove(id)
    if (isNeeded(task)) {
      if (hasEnded(task)) setTimeout(() => void clear(id), keptMs).unref()
      return
    }
    if (mayBeginAnew(task)) {
      await giveUp(task).catch((error: unknown) =>
        log.error('journal', { message: asRefusal(error).message }),
      )
    }
    await remove(task)
  }

  return {
    clear,
    /** The same for all that earlier agents have left. */
    clearAll: async () => {
      const tasks = () => [...state.tasks.values()]
      await staging.sweep(() =>
        tasks()
          .filter(isNeeded)
          .map(({ id }) => id),
      )
      const left = tasks().filter(
        (task) => hasEnded(task) && (task.kind === 'upload-volume' || mayBeginAnew(task)),
      )
      await Promise.all(left.map(({ id }) => clear(id)))
    },
  }
}
