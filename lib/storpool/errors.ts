/**
 * The three ways a call to StorPool fails, and they differ in what happened there: *refused*, nothing;
 * *unreachable*, unknown once the request was on its way; *unreadable*, most likely all of it.
 * None of them carries the request, its headers or an answer's body: the token stays out of logs.
 */

/** What was asked, as errors and log lines name it. */
export interface Asked {
  /** StorPool's name of the call, such as `VolumeCreate`. */
  readonly call: string
  /** The call and the object it names: `VolumeDelete/os--volume-1`. */
  readonly label: string
  /** Whether the call changes the cluster. */
  readonly mutates: boolean
}

/** StorPool answered, and said no: nothing happened. */
export class StorPoolApiError extends Error {
  override readonly name = 'StorPoolApiError'
  readonly call: string
  /** StorPool's name of the refusal, such as `objectDoesNotExist`. Decide on this. */
  readonly errorName: string
  /** StorPool's words, for people. */
  readonly descr: string
  /** StorPool says that the same call may succeed later. */
  readonly transient: boolean
  readonly httpStatus: number

  constructor(
    asked: Asked,
    httpStatus: number,
    refusal: { readonly name: string; readonly descr: string; readonly transient: boolean },
  ) {
    super(`${asked.label}: ${refusal.name}: ${refusal.descr}`)
    this.call = asked.call
    this.errorName = refusal.name
    this.descr = refusal.descr
    this.transient = refusal.transient
    this.httpStatus = httpStatus
  }
}

/**
 * Why there was no answer. `deadline`: it had passed, so nothing was sent. `connect`: no connection, so nothing
 * was written. `broken`: the connection ended before the answer did. `silent`: the answer took too long.
 */
export type UnreachableReason = 'deadline' | 'connect' | 'broken' | 'silent'

/** No answer came. */
export class StorPoolUnreachable extends Error {
  override readonly name = 'StorPoolUnreachable'
  readonly call: string
  readonly reason: UnreachableReason
  /** The request may have been carried out: it changes something and its bytes may have arrived. */
  readonly mayHaveHappened: boolean

  constructor(asked: Asked, reason: UnreachableReason, what: string) {
    const mayHaveHappened = asked.mutates && (reason === 'broken' || reason === 'silent')
    super(`${asked.label}: ${what}${mayHaveHappened ? '; it may have been carried out' : ''}`)
    this.call = asked.call
    this.reason = reason
    this.mayHaveHappened = mayHaveHappened
  }
}

/** An answer came that is not StorPool's: HTML, no `data`, another shape. */
export class StorPoolUnreadable extends Error {
  override readonly name = 'StorPoolUnreadable'
  readonly call: string
  /** 0 when not even the status line could be read. */
  readonly httpStatus: number
  /** The request changes something, and whoever answered may have passed it on. */
  readonly mayHaveHappened: boolean
  /** Something on the way answered in StorPool's place, as a proxy does while what is behind it is away. */
  readonly mayPass: boolean

  /** @param isForeign it is nothing that StorPool's API says at all, such as a page. */
  constructor(asked: Asked, httpStatus: number, what: string, isForeign = false) {
    super(`${asked.label}: HTTP ${httpStatus}: ${what}`)
    this.call = asked.call
    this.httpStatus = httpStatus
    this.mayHaveHappened = asked.mutates
    this.mayPass = isForeign && (httpStatus === 200 || httpStatus === 429 || httpStatus >= 500)
  }
}

/** StorPool refused, by one of these names; without names, by any. */
export const isRefusal = (error: unknown, ...names: readonly string[]): error is StorPoolApiError =>
  error instanceof StorPoolApiError && (names.length === 0 || names.includes(error.errorName))

/** Nobody knows whether the change was made: read before anything else. */
export const isAmbiguous = (error: unknown): error is StorPoolUnreachable | StorPoolUnreadable =>
  (error instanceof StorPoolUnreachable || error instanceof StorPoolUnreadable) && error.mayHaveHappened

/**
 * A detach was refused as a process on the client holds the device open. One of the two cases in which only the
 * description tells: StorPool says it under `busy` and under `invalidParam`.
 *
 * @see os-brick, os_brick/initiator/connectors/storpool.py disconnect_volume
 */
export const isOpenAt = (error: unknown): error is StorPoolApiError =>
  isRefusal(error, 'busy', 'invalidParam') && /\bis open at\b/i.test(error.descr)

/**
 * An attach was refused as no block service runs under this client id: the other case that only the description tells.
 *
 * @see storpool/storpool-csi, services/controller.py ControllerPublishVolume
 */
export const isNoSuchClient = (error: unknown): error is StorPoolApiError =>
  isRefusal(error, 'invalidParam') && /\bno such client\b/i.test(error.descr)
