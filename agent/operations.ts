import type {
  Adopt,
  Attached,
  AttachWait,
  DetachCheck,
  Health,
  Openers,
  Release,
  Size,
  Sized,
} from '../lib/agent/protocol.ts'
import type { CancelTask, Task } from '../lib/agent/tasks.ts'
import { version } from '../lib/version.ts'
import { abandon } from './abandon.ts'
import { admission, assertCurrent } from './admission.ts'
import { taskBeginner } from './begin-task.ts'
import { isChild } from './children.ts'
import type { Context } from './context.ts'
import { msUntil } from './deadline.ts'
import { findDevice, sizeOfDevice, waitForDevice } from './devices.ts'
import { isRecovering } from './memory.ts'
import { openersOf } from './openers.ts'
import { Refusal } from './refusal.ts'
import { hasEnded } from './state.ts'
import type { Tasks } from './tasks.ts'
import { missingTools } from './tools.ts'

/** How long a cancelled task is waited for before the caller is told that it still runs. */
const cancelWaitMs = 20_000
/** Requests that wait for a device or its size at once. */
const mostWaiting = 64

/**
 * What functions may ask for.
 */
export const operations = (context: Context, tasks: Tasks) => {
  const { config, state, tools } = context
  let waiting = 0

  const admitting = admission(context, tasks)
  const { admit, assertHost, assertNoTask } = admitting

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

    beginTask: taskBeginner(context, tasks, admitting),

    cancelTask: async ({ id, secrets }: CancelTask, signal: AbortSignal): Promise<Task> => {
      const { state: before } = tasks.get(id)
      const stopped = tasks.stop([id], new Refusal('cancelled', 'The task was cancelled'))
      if (hasEnded({ state: before })) await stopped
      else await Promise.race([stopped, tasks.waitFor(id, cancelWaitMs, signal)])
      if (secrets !== undefined) await abandon(context, tasks.get(id), secrets)
      return tasks.view(tasks.get(id))
    },

    health: async (): Promise<Health> => {
      if (!context.journal.writable) await context.journal.recover().catch(() => {})
      const { host, clientId } = config
      const ok = context.journal.writable
      return {
        host,
        clientId,
        version,
        ok,
        missing: missingTools(tools),
        recovering: isRecovering(state),
        tasks: tasks.active,
      }
    },
  }
}
export type Operations = ReturnType<typeof operations>
