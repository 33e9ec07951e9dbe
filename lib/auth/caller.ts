/** What a caller may do, from the least to the most: each may do what those before it may. */
export const roles = ['reader', 'member', 'admin'] as const
export type Role = (typeof roles)[number]

/** Stands for a project where somebody works for all of them: who watches the whole, or AWS's own principals. */
export const everyProject = '*'

/** Who calls, once a plug-in has checked what they showed. */
export interface Caller {
  readonly user: string
  readonly project: string
  readonly role: Role
  /** Another service of the cloud speaks for the caller: it showed a token of its own beside theirs. */
  readonly isService: boolean
  /** The caller's own token, for Glance to see an image as they may. Never logged. */
  readonly token?: string | undefined
}

/** What a request shows of its sender; names of headers are in lower case. */
export interface Shown {
  readonly headers: Readonly<Record<string, string | undefined>>
  /** The project in the request's path: counts where what is shown names none, and nothing is checked anyway. */
  readonly pathProject?: string | undefined
}

/** A way to tell who calls. */
export interface Plugin {
  /**
   * @param deadline epoch milliseconds
   * @returns undefined: nothing was shown that this way knows, or it is not valid.
   * @throws DriverError Unauthenticated: what was shown is valid, and says too little. Forbidden: it is somebody, of
   *   no role that is known here. BackendUnavailable: who would know does not answer.
   */
  authenticate(shown: Shown, deadline: number): Promise<Caller | undefined>
  /** The header `WWW-Authenticate` of a refusal. */
  readonly challenge: string
}

export const mayAct = (caller: Caller, least: Role): boolean =>
  roles.indexOf(caller.role) >= roles.indexOf(least)
