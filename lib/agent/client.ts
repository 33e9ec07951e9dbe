import type * as z from 'zod'
import type { ReadCredentials } from './credentials.ts'
import { AgentError, AgentUnreachable, isAgentError } from './errors.ts'
import { httpTransport } from './http.ts'
import {
  type Adopt,
  Adopted,
  AgentErrorBody,
  Attached,
  type AttachWait,
  type DetachCheck,
  Health,
  Openers,
  type Release,
  Released,
  type Size,
  Sized,
} from './protocol.ts'
import {
  type BackupVolume,
  type CancelTask,
  type CheckBackup,
  type CopyImage,
  type CopyVolume,
  type DeleteBackup,
  type ListBackups,
  type RestoreBackup,
  Task,
  Tasks,
  type UploadVolume,
} from './tasks.ts'
import type { Transport } from './transport.ts'

export interface AgentClientOptions {
  /**
   * `https://HOST:PORT`, `ssh://USER@HOST:PORT?hostkey=SHA256:…` (the fingerprint as `ssh-keygen -lf` prints it), or
   * `http://` on loopback.
   */
  readonly url: string
  /** The name that must be in the agent's certificate: its host's. Without one, that in the address. */
  readonly host?: string
  /** Needed for `https:` and `ssh:`. */
  readonly credentials?: ReadCredentials
}

/**
 * The agent's operations, over the way its address names. Every call ends by its deadline (epoch milliseconds) and
 * may be repeated: the agent knows a request it has seen.
 *
 * @throws AgentError the agent said no
 * @throws AgentUnreachable no readable answer by the deadline; it may have been done
 */
export const agentClient = (options: AgentClientOptions) => {
  const transport = transportTo(options)

  const call = async <T>(
    operation: string,
    input: object,
    answer: z.ZodType<T>,
    deadline: number,
  ): Promise<T> => {
    const { status, body } = await transport.call(operation, input, deadline)
    if (status >= 200 && status < 300) {
      const parsed = answer.safeParse(body)
      if (parsed.success) return parsed.data
      throw new AgentUnreachable(options.url, `its answer to ${operation} cannot be read`, {
        cause: parsed.error,
      })
    }
    const refusal = AgentErrorBody.safeParse(body)
    if (!refusal.success) {
      throw new AgentUnreachable(options.url, `${operation} was answered ${status}, not by an agent`)
    }
    const { code, message, retryable, details } = refusal.data.error
    throw new AgentError(message, { code, retryable, details, status })
  }

  return {
    /** Tell of an attachment whose device may not be there yet: what has a lower generation is ended first. */
    announce: async (input: Omit<AttachWait, 'waitMs'>, deadline: number): Promise<void> => {
      try {
        await call('attach-wait', { ...input, waitMs: 0 }, Attached, deadline)
      } catch (error) {
        if (!isAgentError(error, 'device_timeout', 'size_mismatch', 'not_attached')) throw error
      }
    },
    /** Wait until the device is there with the stated size. */
    attachWait: (input: AttachWait, deadline: number) => call('attach-wait', input, Attached, deadline),
    /** Make sure nothing of the agent's uses the device; afterwards this generation can write no more. */
    release: async (input: Release, deadline: number): Promise<void> => {
      await call('release', input, Released, deadline)
    },
    /** Who has the device open. */
    detachCheck: (input: DetachCheck, deadline: number) => call('detach-check', input, Openers, deadline),
    /** The device's size; with `expectBytes`, as soon as it is that large. */
    size: (input: Size, deadline: number) => call('size', input, Sized, deadline),
    /** Tell an agent that has lost its memory which attachment is current, as the book says after it asked. */
    adopt: async (input: Adopt, deadline: number): Promise<void> => {
      await call('adopt', input, Adopted, deadline)
    },
    /** Begin to copy an image; the same `requestId` gives the same task. */
    copyImage: (input: CopyImage, deadline: number) => call('copy-image', input, Task, deadline),
    /** Begin to copy one volume onto another; the same `requestId` gives the same task. */
    copyVolume: (input: CopyVolume, deadline: number) => call('copy-volume', input, Task, deadline),
    /** Begin to make an image file of a volume elsewhere; the same `requestId` gives the same task. */
    uploadVolume: (input: UploadVolume, deadline: number) => call('upload-volume', input, Task, deadline),
    /** Begin to back a volume up; the same `requestId` gives the same task, and the same `job` the same backup. */
    backupVolume: (input: BackupVolume, deadline: number) => call('backup-volume', input, Task, deadline),
    /** Begin to write a backup onto a volume. */
    restoreBackup: (input: RestoreBackup, deadline: number) => call('restore-backup', input, Task, deadline),
    /** Begin to remove a backup; one that is gone is removed. */
    deleteBackup: (input: DeleteBackup, deadline: number) => call('delete-backup', input, Task, deadline),
    /** Begin to check a backup, or its whole repository. */
    checkBackup: (input: CheckBackup, deadline: number) => call('check-backup', input, Task, deadline),
    /** Begin to list backups: `result.backups`. */
    listBackups: (input: ListBackups, deadline: number) => call('list-backups', input, Task, deadline),
    /** Stop a task and wait until nothing of it runs. An ended task stays as it is. */
    cancelTask: (input: CancelTask, deadline: number) => call('cancel-task', input, Task, deadline),
    /** How a task stands; with `waitSeconds` (25 at most) answered when it has ended, or then. */
    task: ({ id, waitSeconds = 0 }: { id: string; waitSeconds?: number }, deadline: number) =>
      call('task', { id, wait: waitSeconds }, Task, deadline),
    tasks: async (deadline: number) => (await call('tasks', {}, Tasks, deadline)).tasks,
    health: (deadline: number) => call('health', {}, Health, deadline),
    /** Close the connections that were kept. */
    close: () => transport.close(),
  }
}
export type AgentClient = ReturnType<typeof agentClient>

const transportTo = (options: AgentClientOptions): Transport => {
  if (!options.url.startsWith('ssh:')) return httpTransport(options)
  // Loaded by whoever has such a host: it is as large as all the rest of a function.
  const ssh = import('./ssh.ts').then(({ sshTransport }) => sshTransport(options))
  ssh.catch(() => {})
  return {
    call: async (operation, input, deadline) => (await ssh).call(operation, input, deadline),
    close: () => void ssh.then((transport) => transport.close()).catch(() => {}),
  }
}
