import type { AgentClient } from '../agent/http.ts'
import type { AttachingBackend, Host } from '../driver/backend.ts'
import type { JobRecords } from './record.ts'

/** What a job's steps work with: the driver's backend, the job's record, and the agents on hosts. */
export interface JobBackend extends AttachingBackend {
  readonly jobs: JobRecords
  /** @throws DriverError HostNotReady: the host has no agent. */
  agentOn(host: Host): AgentClient
}
