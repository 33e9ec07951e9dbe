/** What ends the program: one sentence with its remedy, and the code it ends with. */
export class Stop extends Error {
  override readonly name = 'Stop'
  readonly code: number

  constructor(message: string, code = 1, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** In one line; what `fetch` says of itself is in its cause. */
export const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  const told = cause instanceof Error && cause.message !== '' ? cause : error
  return told.message.split('\n', 1).join()
}
