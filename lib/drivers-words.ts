import * as z from 'zod'
import { AgentError, AgentUnreachable } from './agent/errors.ts'
import { fromAgent } from './agent/words.ts'
import { isAwsUnavailable } from './aws-faults.ts'
import { DriverError } from './errors.ts'
import { inDriversWords as fromGlance } from './glance/words.ts'
import {
  isNoSuchClient,
  isOpenAt,
  isRefusal,
  StorPoolUnreachable,
  StorPoolUnreadable,
} from './storpool/errors.ts'

/**
 * The one translation of what is left over into the closed list of errors: what an operation has a meaning for,
 * it has handled by then.
 */
export function inDriversWords(error: unknown): DriverError {
  if (error instanceof DriverError) return error
  if (error instanceof z.ZodError) return invalid(error)
  if (error instanceof StorPoolUnreachable) return unanswered(error)
  if (error instanceof StorPoolUnreadable) {
    if (error.mayPass) return unanswered(error)
    return new DriverError('VolumeBackendError', error.message, {
      cause: error,
      remedy: 'What answers at SP_API_HTTP_HOST may not be StorPool, or is failing. Look there, then repeat.',
    })
  }
  if (isRefusal(error)) return refused(error)
  if (error instanceof AgentError) return fromAgent(error.code, error.message, error.details)
  if (error instanceof AgentUnreachable) {
    return new DriverError('BackendUnavailable', error.message, {
      cause: error,
      remedy: 'Start the agent on the host, or correct its address; then repeat.',
    })
  }
  const known = fromGlance(error)
  if (known !== undefined) return known
  if (isAwsUnavailable(error)) {
    return new DriverError('OutcomeUnknown', 'the table, the queue or Lambda did not answer', {
      cause: error,
      remedy: 'Repeat it: an operation that was done finds its own work there.',
    })
  }
  return new DriverError('VolumeBackendError', 'something failed that should not have', {
    cause: error,
    remedy: 'Look for this request id in the log, and repeat: every operation may be repeated.',
  })
}

/** At most this many wrong fields are named. */
const ISSUES = 10

const invalid = (error: z.ZodError): DriverError => {
  const wrong = error.issues.flatMap(named)
  const more = wrong.length > ISSUES ? `; and ${wrong.length - ISSUES} more` : ''
  return new DriverError('InvalidInput', `${wrong.slice(0, ISSUES).join('; ')}${more}`, { cause: error })
}

const named = (issue: z.core.$ZodIssue): string[] => {
  const at = issue.path.join('.')
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${at === '' ? key : `${at}.${key}`}: unknown field`.slice(0, 200))
  }
  return [`${at === '' ? 'input' : at}: ${issue.message}`.slice(0, 200)]
}

const unanswered = (error: StorPoolUnreachable | StorPoolUnreadable): DriverError =>
  error.mayHaveHappened
    ? new DriverError('OutcomeUnknown', error.message, {
        cause: error,
        remedy: 'Repeat it: an operation that was done finds its own work there.',
      })
    : new DriverError('BackendUnavailable', error.message, {
        cause: error,
        remedy: 'Nothing was changed. Repeat when StorPool answers at SP_API_HTTP_HOST again.',
      })

const refused = (error: unknown): DriverError => {
  const message = error instanceof Error ? error.message : 'StorPool refused'
  const as = (name: ConstructorParameters<typeof DriverError>[0], remedy?: string) =>
    new DriverError(name, message, { cause: error, ...(remedy === undefined ? {} : { remedy }) })
  if (isRefusal(error) && error.transient) return as('BackendUnavailable', 'Repeat in a while.')
  if (isRefusal(error) && (error.httpStatus === 401 || error.httpStatus === 403)) {
    return as('VolumeBackendError', 'StorPool does not take our token: correct SP_AUTH_TOKEN.')
  }
  if (isRefusal(error, 'insufficientResources'))
    return as('InsufficientCapacity', 'Free space, or use another template.')
  if (isRefusal(error, 'busy') || isOpenAt(error)) return as('VolumeIsBusy')
  if (isNoSuchClient(error)) return as('HostNotReady')
  if (isRefusal(error, 'objectDoesNotExist')) return as('VolumeNotFound')
  if (isRefusal(error, 'objectExists')) return as('Conflict')
  if (isRefusal(error, 'invalidParam')) return as('InvalidInput')
  return as('VolumeBackendError')
}
