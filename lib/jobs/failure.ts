import { AgentError, isAgentError } from '../agent/errors.ts'
import { inDriversWords } from '../drivers-words.ts'
import { type DriverError, type DriverErrorName, isDriverError } from '../errors.ts'
import type { Failure } from './record.ts'
import { withoutQueries } from './withheld.ts'

/** Worth another try in a while: the cluster or the agent may be back, or the outcome may be known then. */
const passing: readonly DriverErrorName[] = ['BackendUnavailable', 'OutcomeUnknown', 'HostNotReady']

/** What a step's error means: its words for the record, and whether the step is worth another try. */
export function failureOf(error: unknown): Failure & { retry: boolean } {
  const known = inDriversWords(error)
  const retry = error instanceof AgentError ? error.retryable : passing.includes(known.name)
  return { ...told(known), retry }
}

/** The host is at work for others: that is no fault, however long it takes. */
export const isTurnToCome = (error: unknown): boolean =>
  isAgentError(error, 'too_many_tasks') ||
  (isDriverError(error, 'HostNotReady') && error.details?.line === 'full')

const told = ({ name, message, remedy, details }: DriverError): Failure => ({
  name,
  message: withoutQueries(message),
  ...(remedy === undefined ? {} : { remedy }),
  ...(details === undefined ? {} : { details: { ...details } }),
})
