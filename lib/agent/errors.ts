export interface AgentErrorDetails {
  readonly code: string
  readonly retryable: boolean
  readonly status: number
  readonly details?: unknown
}

/** The agent understood the request and said no. `code` is one of `agentErrors`, or a newer agent's. */
export class AgentError extends Error {
  override readonly name = 'AgentError'
  readonly code: string
  /** Whether the same request may succeed later. */
  readonly retryable: boolean
  readonly status: number
  readonly details: unknown

  constructor(message: string, { code, retryable, status, details }: AgentErrorDetails) {
    super(message)
    this.code = code
    this.retryable = retryable
    this.status = status
    this.details = details
  }
}

/**
 * No answer that could be read before the deadline. The agent may have done what was asked: ask again, every
 * operation may be repeated.
 */
export class AgentUnreachable extends Error {
  override readonly name = 'AgentUnreachable'
  readonly url: string

  constructor(url: string, message: string, options?: ErrorOptions) {
    super(`The agent at ${url} did not answer: ${message}`, options)
    this.url = url
  }
}

export const isAgentError = (error: unknown, ...codes: readonly string[]): error is AgentError =>
  error instanceof AgentError && (codes.length === 0 || codes.includes(error.code))
