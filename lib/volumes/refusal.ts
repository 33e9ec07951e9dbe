import { type DriverError, httpStatus } from '../errors.ts'

/** A refusal with the status that Block Storage's clients know it by. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    message: string,
    { headers = {}, ...options }: ErrorOptions & { readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message, options)
    this.status = status
    this.headers = { ...(status === 413 && { 'retry-after': '0' }), ...headers }
  }
}

export const badRequest = (message: string): ApiError => new ApiError(400, message)
export const invalidVolume = (reason: string): ApiError => badRequest(`Invalid volume: ${reason}`)
export const invalidSnapshot = (reason: string): ApiError => badRequest(`Invalid snapshot: ${reason}`)
export const invalidInput = (reason: string): ApiError => badRequest(`Invalid input received: ${reason}`)
export const notFound = (what: string, id: string): ApiError =>
  new ApiError(404, `${what} ${id} could not be found.`)
export const conflict = (message: string): ApiError => new ApiError(409, message)

/** A refusal of the driver's, where a call ends with it. */
export const fromDriver = (error: DriverError): ApiError => {
  const remedy = error.remedy === undefined ? '' : ` ${error.remedy}`
  return new ApiError(httpStatus[error.name], `${error.message}.${remedy}`, { cause: error })
}
