/** One thing that was looked at on a host. */
export interface Finding {
  readonly what: string
  /** How it is. */
  readonly is: string
  /** What mends it; absent where nothing is wrong. */
  readonly remedy?: string
}

export const finding = (what: string, is: string, remedy?: string): Finding => ({
  what,
  is,
  ...(remedy !== undefined && { remedy }),
})
