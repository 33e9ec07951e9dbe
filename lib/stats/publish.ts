import type { Backend } from '../driver/backend.ts'
import { measureVolumeStats } from '../driver/get-volume-stats.ts'
import type { History, Sample } from './sample.ts'

/** Takes the figures of a sample to where they are watched. */
export type Publish = (sample: Sample) => void

export interface Publishing {
  readonly backends: readonly string[]
  readonly history: History
  /** @throws what keeps a backend from being asked. */
  backend(name: string): Promise<Backend>
  publish: Publish
  now(): string
  /** Told of a backend that could not be asked: the others are published all the same. */
  failed(backend: string, error: unknown): void
}

/**
 * Ask every backend for its statistics, keep them and publish them. One that does not answer keeps nobody waiting.
 *
 * @throws Error: none of them could be asked.
 */
export async function publishVolumeStats(to: Publishing): Promise<{ published: number; failed: number }> {
  const at = to.now()
  const outcomes = await Promise.all(
    to.backends.map(async (name) => {
      try {
        const sample = { backend: name, at, stats: await measureVolumeStats(await to.backend(name)) }
        await to.history.keep(sample)
        to.publish(sample)
        return true
      } catch (error) {
        to.failed(name, error)
        return false
      }
    }),
  )
  const published = outcomes.filter(Boolean).length
  if (published === 0) throw new Error(`no backend of ${to.backends.join(', ')} gave its statistics`)
  return { published, failed: outcomes.length - published }
}
