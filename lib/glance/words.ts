import { DriverError } from '../errors.ts'
import { ServiceRefused, ServiceUnreachable, ServiceUnreadable } from './errors.ts'

/** What a failure of Keystone or Glance means in the driver's words; undefined for any other error. */
export const inDriversWords = (error: unknown): DriverError | undefined => {
  if (error instanceof ServiceUnreachable && error.mayHaveHappened) {
    return words('OutcomeUnknown', error, 'Repeat it: what was done is found there.')
  }
  if (error instanceof ServiceUnreachable) {
    return words('BackendUnavailable', error, `Repeat when ${error.service} answers again.`)
  }
  if (error instanceof ServiceUnreadable) {
    return words('VolumeBackendError', error, 'Look at what answers at OS_AUTH_URL and in its catalog.')
  }
  return error instanceof ServiceRefused ? refused(error) : undefined
}

const refused = (error: ServiceRefused): DriverError => {
  const { service, status, callersToken } = error
  if (status === 429 || status >= 500) return words('BackendUnavailable', error, 'Repeat in a while.')
  if (status === 401 && callersToken)
    return words('Unauthenticated', error, 'Repeat with a token that is still good.')
  if (status === 401) {
    return words(
      'VolumeBackendError',
      error,
      'Correct OS_USERNAME, OS_PASSWORD and the project, or the application credential.',
    )
  }
  if (status === 403) {
    const who = callersToken ? 'the caller' : 'the user of OS_USERNAME'
    return words('Forbidden', error, `Let ${who} do this, in the policy of ${service}.`)
  }
  if (status === 409) return words('Conflict', error)
  return words(status === 400 || status === 404 ? 'InvalidInput' : 'VolumeBackendError', error)
}

const words = (name: DriverError['name'], cause: Error, remedy?: string): DriverError =>
  new DriverError(name, cause.message, { cause, ...(remedy === undefined ? {} : { remedy }) })
