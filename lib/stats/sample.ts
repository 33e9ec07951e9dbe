import type { VolumeStats } from '../driver/get-volume-stats.ts'

/** What one backend's statistics were at a moment. */
export interface Sample {
  readonly backend: string
  /** ISO 8601, UTC. */
  readonly at: string
  readonly stats: VolumeStats
}

/** The samples that are kept. Lists are eventually consistent on AWS. */
export interface History {
  keep(sample: Sample): Promise<void>
  newest(backend: string): Promise<Sample | undefined>
  /** Oldest first. */
  since(backend: string, at: string): Promise<Sample[]>
}
