import type { Task, TaskRequest } from '../lib/agent/tasks.ts'
import { assertAble } from './able.ts'
import { type Admission, assertCurrent } from './admission.ts'
import type { Context } from './context.ts'
import { isRecovering } from './memory.ts'
import { begunAnew, mayBeginAnew, mayBeTriedAgain, newTask } from './new-task.ts'
import { Refusal } from './refusal.ts'
import { hashOf } from './state.ts'
import type { Tasks } from './tasks.ts'
import { usesOf } from './uses.ts'

/**
 * Take a task on: as what is known of its volumes says, and once however often it is asked for.
 *
 * @throws Refusal
 */
export const taskBeginner = (
  context: Context,
  tasks: Tasks,
  { admit, assertHost, assertNoTask }: Admission,
) => {
  const { config, state, record } = context

  const assertFree = (request: TaskRequest) => {
    const uses = usesOf(request)
    for (const { volume, attachment } of uses) {
      const known = state.volumes.get(volume.globalId)
      assertCurrent(known, attachment)
      if (known?.adopted !== true && isRecovering(state)) {
        throw new Refusal(
          'recovering',
          `This agent's memory began at ${state.begun}: say with adopt which attachment of ${volume.globalId} is current`,
          { globalId: volume.globalId },
        )
      }
      assertNoTask(volume.globalId, attachment.generation)
    }
    if (new Set(uses.map(({ volume }) => volume.globalId)).size < uses.length) {
      throw new Refusal('bad_request', 'The request is wrong: a volume cannot be copied onto itself')
    }
  }

  return async (request: TaskRequest): Promise<Task> => {
    assertHost(request)
    const hash = hashOf(request)
    const known = state.tasks.get(request.requestId)
    if (known !== undefined) {
      const isOver = !tasks.isRunning(known.id) && (mayBeginAnew(known) || mayBeTriedAgain(known))
      if (known.hash === hash && !isOver) return tasks.view(known)
      if (known.hash !== hash) {
        throw new Refusal(
          'request_conflict',
          `Request ${request.requestId} was made before, with another content`,
        )
      }
    }
    assertAble(context, request)
    assertFree(request)
    if (tasks.active >= config.maxTasks) {
      throw new Refusal('too_many_tasks', `${tasks.active} tasks run on this host; it takes no more at once`)
    }
    const admitted = usesOf(request).map(({ volume, attachment }) => admit(volume.globalId, attachment))
    const written = admitted.map((one) => one.written)
    const task = known === undefined ? newTask(request, hash) : begunAnew(known, request)
    const kept = record(task).catch((error: unknown) => {
      // Not begun, so a repeated request must not find it.
      if (known === undefined) state.tasks.delete(task.id)
      else state.tasks.set(known.id, known)
      throw error
    })
    tasks.begin(task.id, [...written, kept, ...admitted.map((one) => one.cleared)], request)
    await Promise.all([...written, kept])
    return tasks.view(tasks.get(task.id))
  }
}
