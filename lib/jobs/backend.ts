import type { AgentClient } from '../agent/client.ts'
import type { Secrets } from '../agent/tasks.ts'
import type { DeviceBackend, Host } from '../driver/backend.ts'
import type { Glance } from '../glance/client.ts'
import type { JobRecords } from './record.ts'
import type { Turns } from './turns.ts'
import type { Withheld } from './withheld.ts'

/** What a job's steps work with: the driver's backend, the job's record, the turns and the agents on hosts. */
export interface JobBackend extends DeviceBackend {
  /** Its name among the configured clusters; undefined: the default one. */
  readonly cluster: string | undefined
  /**
   * The cluster that a caller's `host@backend#pool` names.
   *
   * @throws DriverError InvalidInput: none of that name is configured. BackendUnavailable: its token cannot be read.
   */
  at(host: string): Promise<JobBackend>
  readonly jobs: JobRecords
  readonly turns: Turns
  readonly withheld: Withheld
  agentOn(host: Host): Promise<AgentClient>
  /** What opens a store that agents know by its name; undefined where nothing is needed. */
  secretsOf(store: string): Promise<Secrets | undefined>
  /** @throws DriverError VolumeBackendError: none is configured. */
  glance(): Glance
}
