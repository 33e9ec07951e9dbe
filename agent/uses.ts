import type { AttachmentRef, Target } from '../lib/agent/protocol.ts'
import type { TaskRequest } from '../lib/agent/tasks.ts'

/** A volume that a task reads or writes, and the attachment under which it does. */
export interface Use {
  readonly volume: Target
  readonly attachment: AttachmentRef
}

/** The volumes a task uses: the one it is about, then what that is made from. */
export const usesOf = (request: TaskRequest): readonly Use[] => [
  ...('volume' in request ? [request] : []),
  ...(request.kind === 'copy-volume' ? [request.source] : []),
]

/** The generation under which a task uses a volume; undefined where it does not use it. */
export const generationOn = (request: TaskRequest, globalId: string): number | undefined =>
  usesOf(request).find(({ volume }) => volume.globalId === globalId)?.attachment.generation
