import { setTimeout as sleep } from 'node:timers/promises'
import { Refusal } from './refusal.ts'
import { S3Fault } from './s3-faults.ts'

/**
 * Ask a server again while what is wrong may pass.
 *
 * @throws Refusal `destination_unavailable` after all tries; `destination_refused`; `interrupted` what opens the
 *   store is no longer good
 * @throws S3Fault one with another meaning
 */
export const persist = async <T>(
  what: string,
  signal: AbortSignal | undefined,
  attempt: () => Promise<T>,
  { tries = 5, backoffMs = 200 }: { readonly tries?: number; readonly backoffMs?: number } = {},
): Promise<T> => {
  for (let failures = 1; ; failures += 1) {
    try {
      return await attempt()
    } catch (error) {
      signal?.throwIfAborted()
      if (!(error instanceof S3Fault)) throw error
      if (error.kind === 'expired') {
        throw new Refusal(
          'interrupted',
          `${what}: the credentials have expired. Ask again with new ones to go on`,
        )
      }
      if (error.kind === 'refused') {
        throw new Refusal(
          'destination_refused',
          `${what}: the server ${error.message}. See stores in docs/agent.md`,
        )
      }
      if (error.kind !== 'passing') throw error
      if (failures === tries) {
        throw new Refusal('destination_unavailable', `${what}, ${tries} times: the server ${error.message}`)
      }
      await sleep(backoffMs * 2 ** (failures - 1), undefined, { signal })
    }
  }
}
