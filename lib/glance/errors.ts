/**
 * The three ways a call to Keystone or Glance fails, told apart as StorPool's are: *refused*, nothing happened;
 * *unreachable*, it may have; *unreadable*, most likely it did. None carries the request or its headers, and none an
 * answer's words: tokens and passwords stay out of logs.
 */

export type Service = 'Keystone' | 'Glance'

/** What was asked, as errors name it. */
export interface Asked {
  readonly service: Service
  /** The call and what it is about: `show image b65cd2bc-…`. */
  readonly label: string
  readonly mutates: boolean
  /** It is asked in a caller's name, not in ours. */
  readonly callersToken?: boolean
}

/** The service answered, and said no: nothing happened. */
export class ServiceRefused extends Error {
  override readonly name = 'ServiceRefused'
  readonly service: Service
  readonly status: number
  readonly callersToken: boolean

  constructor({ service, label, callersToken = false }: Asked, status: number) {
    super(`${service} answered ${status} when asked to ${label}`)
    this.service = service
    this.callersToken = callersToken
    this.status = status
  }
}

/** No answer came. */
export class ServiceUnreachable extends Error {
  override readonly name = 'ServiceUnreachable'
  readonly service: Service
  /** The request may have been carried out: it changes something, and its bytes may have arrived. */
  readonly mayHaveHappened: boolean

  constructor({ service, label, mutates }: Asked, what: string, sent: boolean) {
    const mayHaveHappened = mutates && sent
    super(
      `${service} was asked to ${label}: ${what}${mayHaveHappened ? '; it may have been carried out' : ''}`,
    )
    this.service = service
    this.mayHaveHappened = mayHaveHappened
  }
}

/** An answer came that is not the service's: HTML, or another shape. */
export class ServiceUnreadable extends Error {
  override readonly name = 'ServiceUnreadable'
  readonly service: Service
  readonly mayHaveHappened: boolean

  constructor({ service, label, mutates }: Asked, status: number, what: string) {
    super(`${service} was asked to ${label}, and its answer ${status} cannot be read: ${what}`)
    this.service = service
    this.mayHaveHappened = mutates
  }
}

/** The service refused, with one of these statuses. */
export const isRefused = (error: unknown, ...statuses: readonly number[]): error is ServiceRefused =>
  error instanceof ServiceRefused && statuses.includes(error.status)
