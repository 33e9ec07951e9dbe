import { AgentError, AgentUnreachable } from '../agent/errors.ts'
import { inDriversWords } from '../drivers-words.ts'
import { DriverError, type DriverErrorName } from '../errors.ts'
import type { Failure } from './record.ts'

/** Worth another try in a while: the cluster or the agent may be back, or the outcome may be known then. */
const passing: readonly DriverErrorName[] = ['BackendUnavailable', 'OutcomeUnknown', 'HostNotReady']

const agentNames: Readonly<Record<string, DriverErrorName>> = {
  bad_request: 'InvalidInput',
  format_refused: 'InvalidInput',
  format_mismatch: 'InvalidInput',
  image_too_large: 'InvalidInput',
  digest_mismatch: 'InvalidInput',
  source_not_found: 'InvalidInput',
  source_changed: 'Conflict',
  size_mismatch: 'Conflict',
  request_conflict: 'Conflict',
  stale_generation: 'StaleGeneration',
  volume_in_use: 'VolumeIsBusy',
  not_attached: 'HostNotReady',
  device_timeout: 'HostNotReady',
  wrong_host: 'UnknownHost',
}

/** What the agent said, in the driver's words. The agent's own code stays in the details. */
export const fromAgent = (code: string, message: string, details: unknown): DriverError =>
  new DriverError(agentNames[code] ?? 'VolumeBackendError', message, {
    details: { agent: code, ...(details === undefined ? {} : { reasons: details }) },
  })

/** What a step's error means: its words for the record, and whether the step is worth another try. */
export function failureOf(error: unknown): Failure & { retry: boolean } {
  if (error instanceof AgentUnreachable) {
    return { name: 'BackendUnavailable', message: error.message, retry: true }
  }
  if (error instanceof AgentError) {
    return { ...told(fromAgent(error.code, error.message, error.details)), retry: error.retryable }
  }
  const known = inDriversWords(error)
  return { ...told(known), retry: passing.includes(known.name) }
}

const told = ({ name, message, remedy, details }: DriverError): Failure => ({
  name,
  message,
  ...(remedy === undefined ? {} : { remedy }),
  ...(details === undefined ? {} : { details: { ...details } }),
})
