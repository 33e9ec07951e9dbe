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

/** What an S3 server answered instead, or that it did not. Of its words only the name is kept: the rest may be anything. */
export class S3Fault extends Error {
  override readonly name = 'S3Fault'
  readonly kind: FaultKind

  constructor(kind: FaultKind, message: string) {
    super(message)
    this.kind = kind
  }

  /** @throws S3Fault it is of another kind */
  is(kind: FaultKind): undefined {
    if (this.kind !== kind) throw this
    return undefined
  }
}

const kinds: Readonly<Record<string, FaultKind>> = {
  NoSuchUpload: 'absent',
  NoSuchKey: 'absent',
  NotFound: 'absent',
  NoSuchBucket: 'refused',
  BadDigest: 'garbled',
  InvalidDigest: 'garbled',
  XAmzContentChecksumMismatch: 'garbled',
  ConditionalRequestConflict: 'taken',
  PreconditionFailed: 'taken',
  NotImplemented: 'unknown',
  ExpiredToken: 'expired',
  ExpiredTokenException: 'expired',
  RequestTimeout: 'passing',
  SlowDown: 'passing',
}

const byStatus = (status: number | undefined): FaultKind => {
  if (status === undefined || status === 429 || status >= 500) return 'passing'
  if (status === 404) return 'absent'
  return status === 412 ? 'taken' : 'refused'
}

/** What the SDK threw. */
export const asFault = (error: unknown): { readonly fault: S3Fault } => {
  const status = statusOf(error)
  const name = error instanceof Error ? error.name : 'Error'
  const code = error instanceof Error && 'code' in error ? ` ${String(error.code)}` : ''
  const kind = (Object.hasOwn(kinds, name) ? kinds[name] : undefined) ?? byStatus(status)
  const said = status === undefined ? `did not answer: ${name}${code}` : `answered ${status} ${name}`
  return { fault: new S3Fault(kind, said) }
}

const statusOf = (error: unknown): number | undefined => {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return undefined
  const { $metadata: metadata } = error
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined
}
