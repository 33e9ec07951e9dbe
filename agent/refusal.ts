import { type AgentErrorCode, agentErrors } from '../lib/agent/protocol.ts'

/** A request or a task that cannot be: answered, or kept with the task, in the protocol's words. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: AgentErrorCode
  readonly details: Readonly<Record<string, unknown>> | undefined

  constructor(code: AgentErrorCode, message: string, details?: Readonly<Record<string, unknown>>) {
    super(message)
    this.code = code
    this.details = details
  }

  get status() {
    return agentErrors[this.code].status
  }

  /** As the protocol carries it. */
  get body() {
    const { retryable } = agentErrors[this.code]
    return {
      code: this.code,
      message: this.message,
      retryable,
      ...(this.details && { details: this.details }),
    }
  }
}

/** Any error as a refusal: what was not foreseen is an `io_error` with the system's own words. */
export const asRefusal = (error: unknown): Refusal =>
  error instanceof Refusal
    ? error
    : new Refusal('io_error', error instanceof Error ? error.message : String(error))
