import type {
  Adopt,
  Attached,
  AttachmentRef,
  AttachWait,
  CancelTask,
  CopyImage,
  DetachCheck,
  Health,
  Openers,
  Release,
  Size,
  Sized,
  Task,
} from '../lib/agent/protocol.ts'
import { isChild } from './children.ts'
import type { Context } from './context.ts'
import { msUntil } from './deadline.ts'
import { findDevice, sizeOfDevice, waitForDevice } from './devices.ts'
import { isRecovering } from './memory.ts'
import { begunAnew, mayBeginAnew, newTask } from './new-task.ts'
import { openersOf } from './openers.ts'
import { Refusal } from './refusal.ts'
import { hashOf, type VolumeRecord } from './state.ts'
import type { Tasks } from './tasks.ts'
import { missingTools } from './tools.ts'

/** How long a cancelled task is waited for before the caller is told that it still runs. */
const cancelWaitMs = 20_000
/** Requests that wait for a device or its size at once. */
const mostWaiting = 64

/**
 * What functions may ask for. What is decided from the state is decided without a pause and put into the state at
 * once, so no two requests can decide on the same; what is done waits until the journal has it.
 */
export const operations = (context: Context, tasks: Tasks) => {
  const { config, state, record, tools } = context
  let waiting = 0

  /** Admit an attachment: its generation becomes the volume's, and tasks of a lower one are stopped. */
  const admit = (
    globalId: string,
    attachment: AttachmentRef,
    { released = false, adopted = false }: { released?: boolean; adopted?: boolean } = {},
  ) => {
    const known = state.volumes.get(globalId)
    assertCurrent(known, attachment, released)
    const { id: attachmentId, generation } = attachment
    const next: VolumeRecord = {
      ...known,
      t: 'volume',
      globalId,
      generation,
      attachmentId,
      released,
      ...(adopted && { adopted }),
    }
    const isNews =
      known?.generation !== generation || known.released !== released || known.adopted !== next.adopted
    const written = isNews ? record(next) : Promise.resolve()
    const stale = tasks.activeOn(globalId).filter((task) => task.request.attachment.generation < generation)
    const reason = new Refusal(
      'stale_generation',
      `The volume was attached anew, as generation ${generation}`,
      { generation },
    )
    const cleared =
      stale.length > 0
        ? tasks.stop(
            stale.map(({ id }) => id),
            reason,
          )
        : Promise.resolve()
    return { written, cleared }
  }

  const assertHost = ({ clientId, deadline }: { clientId: number; deadline?: string | undefined }) => {
    const { host, clientId: own } = config
    if (clientId !== own) {
      throw new Refusal('wrong_host', `This is ${host}, client ${own}, not client ${clientId}`, {
        host,
        clientId: own,
      })
    }
    if (msUntil(deadline) > 0) return
    throw new Refusal('deadline_passed', `The request's deadline, ${deadline}, has passed`)
  }

  const assertNoTask = (globalId: string, generation: number) => {
    const other = tasks.activeOn(globalId).find((task) => task.request.attachment.generation === generation)
    if (other === undefined) return
    const { id } = other
    throw new Refusal('volume_in_use', `Task ${id} uses the volume: cancel it or wait for its end`, {
      task: id,
    })
  }

  const inLine = async <T>(wait: () => Promise<T>): Promise<T> => {
    if (waiting >= mostWaiting) {
      throw new Refusal('too_many_tasks', `${waiting} requests wait for a device of this host; no more may`)
    }
    waiting += 1
    try {
      return await wait()
    } finally {
      waiting -= 1
    }
  }

  const openersNow = async (globalId: string): Promise<Openers> => {
    const found = await findDevice(config.devices, globalId)
    if (found === undefined) return { openers: [], complete: true }
    return openersOf(found, (pid) => isChild(context.mark, pid))
  }

  return {
    attachWait: async (input: AttachWait, signal: AbortSignal): Promise<Attached> => {
      assertHost(input)
      const { written, cleared } = admit(input.volume.globalId, input.attachment)
      await Promise.all([written, cleared])
      const waitMs = Math.min(input.waitMs, msUntil(input.deadline))
      const found = await inLine(() => waitForDevice(config.devices, input.volume, waitMs, signal))
      return { path: found.path, sizeBytes: found.sizeBytes }
    },

    detachCheck: async (input: DetachCheck): Promise<Openers> => {
      assertHost(input)
      return openersNow(input.volume.globalId)
    },

    size: async (input: Size, signal: AbortSignal): Promise<Sized> => {
      assertHost(input)
      const { globalId } = input.volume
      const sizeBytes = await inLine(() =>
        sizeOfDevice(config.devices, globalId, input.expectBytes ?? 0, signal),
      )
      return { sizeBytes }
    },

    adopt: async (input: Adopt): Promise<object> => {
      assertHost(input)
      const { written, cleared } = admit(input.volume.globalId, input.attachment, { adopted: true })
      await Promise.all([written, cleared])
      return {}
    },

    release: async (input: Release): Promise<object> => {
      assertHost(input)
      const { attachment } = input
      const { globalId } = input.volume
      assertCurrent(state.volumes.get(globalId), attachment, true)
      assertNoTask(globalId, attachment.generation)
      // Looked for first: refused, the release has changed nothing.
      const { openers } = await openersNow(globalId)
      assertNoTask(globalId, attachment.generation)
      if (openers.length > 0) {
        const names = openers.map(
          ({ kind, name, pid }) => `${kind} ${name}${pid === undefined ? '' : ` (${pid})`}`,
        )
        throw new Refusal('device_busy', `The device of ${globalId} is held by ${names.join(', ')}`, {
          openers,
        })
      }
      const { written, cleared } = admit(globalId, attachment, { released: true })
      await Promise.all([written, cleared])
      return {}
    },

    copyImage: async (request: CopyImage): Promise<Task> => {
      assertHost(request)
      const hash = hashOf(request)
      const known = state.tasks.get(request.requestId)
      if (known !== undefined) {
        if (known.hash === hash && !mayBeginAnew(known)) return tasks.view(known)
        if (known.hash !== hash)
          throw new Refusal(
            'request_conflict',
            `Request ${request.requestId} was made before, with another content`,
          )
      }
      if (tools.qemuImg === undefined) {
        throw new Refusal('tool_missing', 'qemu-img is not installed on this host. Run there: npm run setup')
      }
      const { globalId } = request.volume
      const volume = state.volumes.get(globalId)
      assertCurrent(volume, request.attachment)
      if (volume?.adopted !== true && isRecovering(state)) {
        throw new Refusal(
          'recovering',
          `This agent's memory began at ${state.begun}: say with adopt which attachment of ${globalId} is current`,
        )
      }
      const { generation } = request.attachment
      assertNoTask(globalId, generation)
      if (tasks.active >= config.maxTasks) {
        throw new Refusal(
          'too_many_tasks',
          `${tasks.active} tasks run on this host; it takes no more at once`,
        )
      }
      const { written, cleared } = admit(globalId, request.attachment)
      const task = known === undefined ? newTask(request, hash) : begunAnew(known, request)
      const kept = record(task).catch((error: unknown) => {
        // Not begun, so a repeated request must not find it.
        if (known === undefined) state.tasks.delete(task.id)
        else state.tasks.set(known.id, known)
        throw error
      })
      tasks.begin(task.id, [written, kept, cleared], request.source)
      await Promise.all([written, kept])
      return tasks.view(tasks.get(task.id))
    },

    cancelTask: async ({ id }: CancelTask, signal: AbortSignal): Promise<Task> => {
      tasks.get(id)
      const stopped = tasks.stop([id], new Refusal('cancelled', 'The task was cancelled'))
      await Promise.race([stopped, tasks.waitFor(id, cancelWaitMs, signal)])
      return tasks.view(tasks.get(id))
    },

    health: async (): Promise<Health> => {
      if (!context.journal.writable) await context.journal.recover().catch(() => {})
      const { host, clientId } = config
      const ok = context.journal.writable
      return {
        host,
        clientId,
        version: '0.1.0',
        ok,
        missing: missingTools(tools),
        recovering: isRecovering(state),
        tasks: tasks.active,
      }
    },
  }
}
export type Operations = ReturnType<typeof operations>

/**
 * A generation below the one seen is too late, and so is one that was released. The same generation belongs to
 * one attachment.
 */
const assertCurrent = (
  known: VolumeRecord | undefined,
  { id, generation }: AttachmentRef,
  forRelease = false,
) => {
  if (known === undefined || generation > known.generation) return
  const details = { generation: known.generation }
  if (generation < known.generation || id !== known.attachmentId) {
    throw new Refusal(
      'stale_generation',
      `The volume was attached anew since generation ${generation}`,
      details,
    )
  }
  if (known.released && !forRelease) {
    throw new Refusal('stale_generation', `Generation ${generation} of the volume was released`, details)
  }
}
