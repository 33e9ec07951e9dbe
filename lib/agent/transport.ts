/** What an agent answered: the status HTTP would have, and a body of whatever shape. */
export interface TransportAnswer {
  readonly status: number
  readonly body: unknown
}

/** A way to an agent. */
export interface Transport {
  /**
   * Send an operation with its input, and wait for the answer until the deadline (epoch milliseconds).
   *
   * @throws AgentUnreachable
   */
  call(operation: string, input: object, deadline: number): Promise<TransportAnswer>
  /** Close what was kept open. */
  close(): void
}
