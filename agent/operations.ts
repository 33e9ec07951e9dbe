import type {
  Attached,
  AttachmentRef,
  AttachWait,
  CancelTask,
  CopyImage,
  Health,
  Release,
  Task,
} from '../lib/agent/protocol.ts'
import type { Context } from './context.ts'
import { waitForDevice } from './devices.ts'
import { Refusal } from './refusal.ts'
import { hashOf, type TaskRecord, type VolumeRecord } from './state.ts'
import type { Tasks } from './tasks.ts'
import { missingTools } from './tools.ts'

/** How long a cancelled task is waited for before the caller is told that it still runs. */
const cancelWaitMs = 20_000

/**
 * What functions may ask for. What is decided from the state is decided without a pause and put into the state at
 * once, so no two requests can decide on the same; what is done waits until the journal has it.
 */
export const operations = (context: Context, tasks: Tasks) => {
  const { config, state, record, tools } = context

  /** Admit an attachment: its generation becomes the volume's, and tasks of a lower one are stopped. */
  const admit = (globalId: string, attachment: AttachmentRef, released = false) => {
    const known = state.volumes.get(globalId)
    assertCurrent(known, attachment, released)
    const { id: attachmentId, generation } = attachment
    const next: VolumeRecord = { ...known, t: 'volume', globalId, generation, attachmentId, released }
    const isNews = known?.generation !== generation || known.released !== released
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

  const assertHost = (clientId: number) => {
    if (clientId === config.clientId) return
    throw new Refusal(
      'wrong_host',
      `This is ${config.host}, client ${config.clientId}, not client ${clientId}`,
      {
        host: config.host,
        clientId: config.clientId,
      },
    )
  }

  return {
    attachWait: async (input: AttachWait, signal: AbortSignal): Promise<Attached> => {
      assertHost(input.clientId)
      const { written, cleared } = admit(input.volume.globalId, input.attachment)
      await Promise.all([written, cleared])
      const { path, sizeBytes } = await waitForDevice(config.devices, input.volume, input.waitMs, signal)
      return { path, sizeBytes }
    },

    release: async ({ clientId, volume: { globalId }, attachment }: Release): Promise<object> => {
      assertHost(clientId)
      assertCurrent(state.volumes.get(globalId), attachment, true)
      const own = tasks
        .activeOn(globalId)
        .find((task) => task.request.attachment.generation === attachment.generation)
      if (own !== undefined) {
        throw new Refusal('volume_in_use', `Task ${own.id} uses the volume: cancel it or wait for its end`, {
          task: own.id,
        })
      }
      const { written, cleared } = admit(globalId, attachment, true)
      await Promise.all([written, cleared])
      return {}
    },

    copyImage: async (request: CopyImage): Promise<Task> => {
      assertHost(request.clientId)
      const hash = hashOf(request)
      const known = state.tasks.get(request.requestId)
      if (known !== undefined) {
        if (known.hash === hash) return tasks.view(known)
        throw new Refusal(
          'request_conflict',
          `Request ${request.requestId} was made before, with another content`,
        )
      }
      if (tools.qemuImg === undefined) {
        throw new Refusal('tool_missing', 'qemu-img is not installed on this host. Run there: npm run setup')
      }
      const { globalId } = request.volume
      assertCurrent(state.volumes.get(globalId), request.attachment)
      const { generation } = request.attachment
      const other = tasks.activeOn(globalId).find((task) => task.request.attachment.generation === generation)
      if (other !== undefined)
        throw new Refusal('volume_in_use', `Task ${other.id} uses the volume`, { task: other.id })
      if (tasks.active >= config.maxTasks) {
        throw new Refusal(
          'too_many_tasks',
          `${tasks.active} tasks run on this host; it takes no more at once`,
        )
      }
      const { written, cleared } = admit(globalId, request.attachment)
      const task = newTask(request, hash)
      const kept = record(task).catch((error: unknown) => {
        // Not begun, so a repeated request must not find it.
        state.tasks.delete(task.id)
        throw error
      })
      tasks.begin(task.id, [written, kept, cleared])
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
      return { host, clientId, version: '0.1.0', ok, missing: missingTools(tools), tasks: tasks.active }
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

const newTask = (request: CopyImage, hash: string): TaskRecord => {
  const now = new Date().toISOString()
  return {
    t: 'task',
    id: request.requestId,
    kind: 'copy-image',
    state: 'queued',
    phase: 'wait',
    doneBytes: 0,
    totalBytes: 0,
    startedAt: now,
    updatedAt: now,
    request,
    hash,
    checkpoint: 0,
    wrote: false,
    clearsTail: false,
  }
}
