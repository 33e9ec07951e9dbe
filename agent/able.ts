import type { TaskKind, TaskRequest } from '../lib/agent/tasks.ts'
import type { Context } from './context.ts'
import { Refusal } from './refusal.ts'
import { repositoryStore } from './repository-store.ts'
import { assertOpens } from './stores.ts'
import type { Tools } from './tools.ts'

const toolsOf: Readonly<Record<TaskKind, readonly (keyof typeof names)[]>> = {
  'copy-image': ['qemuImg'],
  'copy-volume': ['qemuImg'],
  'upload-volume': ['qemuImg'],
  'backup-volume': ['restic'],
  // It clears what a volume held before.
  'restore-backup': ['restic', 'qemuImg'],
  'delete-backup': ['restic'],
  'check-backup': ['restic'],
  'list-backups': ['restic'],
}
const names = { qemuImg: 'qemu-img', restic: 'restic' } as const satisfies Partial<
  Record<keyof Tools, string>
>

/**
 * Whether this host can do that at all: it has the programs, and knows the place.
 *
 * @throws Refusal `tool_missing`, `bad_request`
 */
export const assertAble = ({ config, tools }: Context, request: TaskRequest): void => {
  for (const tool of toolsOf[request.kind]) {
    if (tools[tool] !== undefined) continue
    throw new Refusal(
      'tool_missing',
      `${names[tool]} is not installed on this host. Run there: npm run setup`,
    )
  }
  if ('repository' in request) repositoryStore(config, request)
  if (request.kind === 'upload-volume') assertOpens(config.stores, request.destination, request.secrets)
  if (request.kind === 'copy-image' && 'store' in request.source) {
    assertOpens(config.stores, request.source, request.secrets)
  }
}
