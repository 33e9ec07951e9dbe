/**
 * Everything that can go wrong, in Cinder's words, with the status the HTTP front answers.
 * A workflow decides on the same names: Lambda reports `error.name` as the error's type.
 */
export const httpStatus = {
  InvalidInput: 400,
  UnknownHost: 400,
  Unauthenticated: 401,
  Forbidden: 403,
  VolumeNotFound: 404,
  SnapshotNotFound: 404,
  JobNotFound: 404,
  VolumeExists: 409,
  VolumeIsBusy: 409,
  SnapshotIsBusy: 409,
  Conflict: 409,
  StaleGeneration: 409,
  AttachLimit: 409,
  HostNotReady: 409,
  TooLarge: 413,
  UnsupportedMediaType: 415,
  NotSupported: 501,
  VolumeBackendError: 502,
  BackendUnavailable: 503,
  OutcomeUnknown: 504,
  InsufficientCapacity: 507,
} as const

export type DriverErrorName = keyof typeof httpStatus

export interface DriverErrorOptions extends ErrorOptions {
  /** What the caller can do about it, as an instruction. */
  readonly remedy?: string
  /** Facts a program may act on, such as the clients that hold a volume. Never a secret. */
  readonly details?: Readonly<Record<string, unknown>>
}

/**
 * An error of the closed list. The message says what was asked, what was found, and of which object.
 */
export class DriverError extends Error {
  override readonly name: DriverErrorName
  readonly remedy: string | undefined
  readonly details: Readonly<Record<string, unknown>> | undefined

  constructor(name: DriverErrorName, message: string, options: DriverErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = name
    this.remedy = options.remedy
    this.details = options.details
  }
}

export const isDriverError = (error: unknown, name?: DriverErrorName): error is DriverError =>
  error instanceof DriverError && (name === undefined || error.name === name)
