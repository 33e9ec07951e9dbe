/** One API call as it was received, in the order of arrival. */
export interface LoggedCall {
  readonly seq: number
  /** Unix milliseconds. */
  readonly t: number
  readonly method: string
  /** The query's name, without prefixes. */
  readonly call: string
  readonly path: string
  readonly body: unknown
  /** Number of the TCP connection. */
  readonly conn: number
  /** HTTP status of the answer; 0 while there is none, or when it was lost. */
  status: number
}

/** So many calls are remembered; then the older half is forgotten. */
const remembered = 200_000

export const openLog = () => {
  let calls: LoggedCall[] = []
  let next = 0
  let total = 0
  const byCall = new Map<string, number>()
  const connections = new Set<number>()

  return {
    get calls(): readonly LoggedCall[] {
      return calls
    },
    add: (entry: Omit<LoggedCall, 'seq' | 't' | 'status'>): LoggedCall => {
      if (calls.length >= remembered) calls = calls.slice(remembered / 2)
      const logged = { seq: next++, t: Date.now(), ...entry, status: 0 }
      calls.push(logged)
      total++
      byCall.set(entry.call, (byCall.get(entry.call) ?? 0) + 1)
      connections.add(entry.conn)
      return logged
    },
    counts: () => ({ calls: total, connections: connections.size, byCall: Object.fromEntries(byCall) }),
    clear: () => {
      calls = []
      next = 0
      total = 0
      byCall.clear()
      connections.clear()
    },
  }
}
export type Log = ReturnType<typeof openLog>
