import * as z from 'zod'
import { Adopt, AttachWait, DetachCheck, longestWaitSeconds, Release, Size } from '../lib/agent/protocol.ts'
import {
  BackupVolume,
  CancelTask,
  CheckBackup,
  CopyImage,
  CopyVolume,
  DeleteBackup,
  ListBackups,
  RestoreBackup,
  type TaskRequest,
  UploadVolume,
} from '../lib/agent/tasks.ts'
import type { Logger } from '../lib/log.ts'
import type { Operations } from './operations.ts'
import { asRefusal, Refusal } from './refusal.ts'
import type { Caller, Role } from './roles.ts'
import type { Tasks } from './tasks.ts'

export type Answer = readonly [status: number, body: object]

interface Operation {
  /** Who may ask: one of these is enough. Without any, whoever has some role. */
  readonly roles?: readonly Role[]
  readonly run: (input: unknown, signal: AbortSignal) => Promise<Answer>
}

export interface Asked {
  readonly caller: Caller
  readonly operation: string
  /** Read once the caller is known to be allowed. */
  readonly input: () => Promise<unknown>
  readonly signal: AbortSignal
}

const mostListed = 100
/** Who begins tasks. */
const moving = ['data', 'backup'] as const
const Nothing = z.strictObject({})
const TaskQuestion = z.strictObject({
  id: z.string().max(128),
  wait: z.coerce.number().min(0).max(longestWaitSeconds).default(0),
})

/**
 * The agent's operations by name, whichever way a request came: who may ask, what is asked for, and how it ended.
 * `closing` ends what is being waited for.
 */
export const dispatcher = (operations: Operations, tasks: Tasks, closing: AbortSignal, log: Logger) => {
  const task = <T extends object>(role: Role, schema: z.ZodType<T>, request: (input: T) => TaskRequest) =>
    on([role], schema, 202, (input: T) => operations.beginTask(request(input)))

  const table: Readonly<Record<string, Operation>> = {
    'attach-wait': on(['attach'], AttachWait, 200, operations.attachWait),
    release: on(['attach'], Release, 200, operations.release),
    'detach-check': on(['attach'], DetachCheck, 200, operations.detachCheck),
    size: on(['attach'], Size, 200, operations.size),
    adopt: on(moving, Adopt, 200, operations.adopt),
    'copy-image': task('data', CopyImage, (input) => ({ kind: 'copy-image', ...input })),
    'copy-volume': task('data', CopyVolume, (input) => ({ kind: 'copy-volume', ...input })),
    'upload-volume': task('data', UploadVolume, (input) => ({ kind: 'upload-volume', ...input })),
    'backup-volume': task('backup', BackupVolume, (input) => ({ kind: 'backup-volume', ...input })),
    'restore-backup': task('backup', RestoreBackup, (input) => ({ kind: 'restore-backup', ...input })),
    'delete-backup': task('backup', DeleteBackup, (input) => ({ kind: 'delete-backup', ...input })),
    'check-backup': task('backup', CheckBackup, (input) => ({ kind: 'check-backup', ...input })),
    'list-backups': task('backup', ListBackups, (input) => ({ kind: 'list-backups', ...input })),
    'cancel-task': on(moving, CancelTask, 200, operations.cancelTask),
    health: on(undefined, Nothing, 200, operations.health),
    tasks: on(undefined, Nothing, 200, async () => ({ tasks: tasks.newest(mostListed).map(tasks.brief) })),
    task: on(undefined, TaskQuestion, 200, async ({ id, wait }, signal) => {
      tasks.get(id)
      await tasks.waitFor(id, wait * 1000, signal)
      return tasks.view(tasks.get(id))
    }),
  }

  return async ({ caller, operation, input, signal }: Asked): Promise<Answer> => {
    const started = performance.now()
    const found = Object.hasOwn(table, operation) ? table[operation] : undefined
    let body: unknown
    const ask = async (): Promise<Answer> => {
      if (found === undefined)
        throw new Refusal('not_found', `There is no operation ${operation.slice(0, 64)}`)
      assertMay(caller, operation, found.roles)
      body = await input()
      return found.run(body, AbortSignal.any([signal, closing]))
    }
    const answer = await ask().catch(
      (error: unknown): Answer => refused(closing.aborted ? stopping() : error),
    )
    // Questions come every second while a task runs, and change nothing.
    if (found?.roles !== undefined || answer[0] === 403) {
      const ms = Math.round(performance.now() - started)
      log.info(operation, { by: caller.name, ...aboutOf(body), status: answer[0], ms })
    }
    return answer
  }
}
export type Dispatch = ReturnType<typeof dispatcher>

/** Anything that went wrong as an answer. */
export const refused = (error: unknown): Answer => {
  const refusal = asRefusal(error)
  return [refusal.status, { error: refusal.body }]
}

const stopping = () => new Refusal('io_error', 'The agent is stopping')

const on = <T>(
  roles: readonly Role[] | undefined,
  schema: z.ZodType<T>,
  status: number,
  run: (input: T, signal: AbortSignal) => Promise<object>,
): Operation => ({
  ...(roles && { roles }),
  run: async (input, signal) => [status, await run(parse(schema, input), signal)],
})

const parse = <T>(schema: z.ZodType<T>, value: unknown): T => {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const reasons = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`)
  throw new Refusal('bad_request', `The request is wrong: ${reasons.join('; ')}`, { reasons })
}

const assertMay = (caller: Caller, operation: string, roles: readonly Role[] | undefined) => {
  if (roles === undefined ? caller.roles.length > 0 : roles.some((role) => caller.roles.includes(role)))
    return
  throw new Refusal('forbidden', `${caller.name} may not ask for ${operation}`, {
    needs: roles?.join(' or ') ?? 'read',
    has: caller.roles,
  })
}

/** What an audit line says of a request, whether it was let through or not. */
const About = z.object({
  requestId: z.string().max(128).optional().catch(undefined),
  id: z.string().max(128).optional().catch(undefined),
  volume: z
    .object({ globalId: z.string().max(199) })
    .optional()
    .catch(undefined),
  attachment: z
    .object({ id: z.string().max(128), generation: z.int() })
    .optional()
    .catch(undefined),
})
const aboutOf = (body: unknown) => {
  const { requestId, id, volume, attachment } = About.catch({}).parse(body)
  return {
    request: requestId,
    task: id,
    volume: volume?.globalId,
    attachment: attachment?.id,
    generation: attachment?.generation,
  }
}
