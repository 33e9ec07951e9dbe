type FaultKind =
  /** No such object, bucket or upload. */
  | 'absent'
  /** What came is not what was said to be sent. */
  | 'garbled'
  /** Something is there that must not be written over. */
  | 'taken'
  /** The server does not know what was asked. */
  | 'unknown'
  /** The credentials were good, and are so no more. */
  | 'expired'
  /** The same may work in a moment. */
  | 'passing'
  | 'refused'

/** What an S3 server answered instead, or that it did not. Of its words only the code is kept: the rest may be anything. */
export class S3Fault extends Error {
  override readonly name = 'S3Fault'
  readonly kind: FaultKind

  constructor(kind: FaultKind, message: string) {
    super(message)
    this.kind = kind
  }
}

const kinds: Readonly<Record<string, FaultKind>> = {
  NoSuchUpload: 'absent',
  NoSuchKey: 'absent',
  NoSuchBucket: 'refused',
  BadDigest: 'garbled',
  InvalidDigest: 'garbled',
  XAmzContentChecksumMismatch: 'garbled',
  ConditionalRequestConflict: 'taken',
  PreconditionFailed: 'taken',
  NotImplemented: 'unknown',
  ExpiredToken: 'expired',
  ExpiredTokenException: 'expired',
  InternalError: 'passing',
  RequestTimeout: 'passing',
  ServiceUnavailable: 'passing',
  SlowDown: 'passing',
}

const kindOf = (status: number): FaultKind => {
  if (status === 429 || status >= 500) return 'passing'
  if (status === 404) return 'absent'
  return status === 412 ? 'taken' : 'refused'
}

/** An answer that it was not done. A question without a body is answered without a code. */
export const faultOf = (status: number, code: string | undefined): S3Fault => {
  const isCode = code !== undefined && /^[A-Za-z0-9.]{1,64}$/.test(code)
  const kind = (isCode && Object.hasOwn(kinds, code) ? kinds[code] : undefined) ?? kindOf(status)
  return new S3Fault(kind, `answered ${status}${isCode ? ` ${code}` : ''}`)
}
