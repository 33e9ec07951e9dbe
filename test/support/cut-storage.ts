import type { AttachingBackend } from '../../lib/driver/backend.ts'
import type { StorPool } from '../../lib/storpool/client.ts'
import type { BlockStorage } from '../../lib/volumes/block-storage.ts'

/** Milliseconds after which whoever was at work is taken for cut off. */
export const LATER_MS = 60_000

/**
 * Carry something out in a function that is cut off: the calls on table and cluster before the `n`th are made, that one is
 * made and nobody lives to see its answer, and none after it.
 *
 * @returns true where it was whole before that.
 */
export const cutAt = async (
  storage: BlockStorage,
  n: number,
  run: (storage: BlockStorage) => Promise<unknown>,
): Promise<boolean> => {
  const cut = Promise.withResolvers<false>()
  const never = new Promise<never>(() => undefined)
  let made = 0
  const call = async <T>(make: () => Promise<T>): Promise<T> => {
    if (made > n) return never
    const isLast = made++ === n
    const answer = await make().catch((error: unknown) => {
      if (!isLast) throw error
    })
    if (!isLast) return answer as T
    cut.resolve(false)
    return never
  }
  const port = <T extends object>(methods: T): T =>
    Object.fromEntries(
      Object.entries(methods).map(([name, method]) => [
        name,
        typeof method === 'function' ? (...args: unknown[]) => call(() => method(...args)) : method,
      ]),
    ) as T
  const whole = run({
    ...storage,
    volumes: port(storage.volumes),
    snapshots: port(storage.snapshots),
    attachments: port(storage.attachments),
    quotas: port(storage.quotas),
    async backend(host) {
      const backend = await storage.backend(host)
      return {
        ...backend,
        storpool: port<StorPool>(backend.storpool),
        attachments: port<AttachingBackend['attachments']>(backend.attachments),
      }
    },
  }).then(() => true)
  return Promise.race([whole, cut.promise])
}
