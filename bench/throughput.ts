import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import * as z from 'zod'
import { node, root, start } from './child.ts'

const run = promisify(execFile)

const Throughput = z.object({
  perSecond: z.number(),
  /** Milliseconds of one request. */
  p50: z.number(),
  p95: z.number(),
})
export type Throughput = z.infer<typeof Throughput>

const kinds = ['read', 'write'] as const

/**
 * Requests through the gateway of `npm start`: `get_pool` as a read, `create_volume` and `delete_volume` in turns as
 * writes. Everything that answers them, table and simulator too, is one process.
 *
 * @param state for the system, empty
 * @param seconds how long each number of clients asks
 * @returns by kind, then by number of clients
 */
export const measureThroughput = async (
  state: string,
  seconds: number,
): Promise<Record<'read' | 'write', Readonly<Record<string, Throughput>>>> => {
  await using system = await start(
    node('local/main.ts', '--port', '0', '--no-images', '--fresh', '--state', state),
  )
  const measured: Record<'read' | 'write', Record<string, Throughput>> = { read: {}, write: {} }
  for (const kind of kinds) {
    for (const clients of ['1', '8', '64']) {
      const args = [join(root, 'bench/load.ts'), system.url, kind, clients, String(seconds)]
      const { stdout } = await run(process.execPath, args)
      measured[kind][clients] = Throughput.parse(JSON.parse(stdout))
    }
  }
  return measured
}
