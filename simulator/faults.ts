import * as z from 'zod'

/** What can go wrong on the way, on demand. */
export const FaultSpec = z.strictObject({
  /** A query's name, without prefixes, or `*`. */
  match: z.string().default('*'),
  times: z.int().positive().default(1),
  /** Matching calls that go well first. */
  skip: z.int().nonnegative().default(0),
  kind: z.enum(['transient', 'error', 'reset', 'resetAfterCommit', 'html', 'empty', 'hang']),
  /** The error's name, and its HTTP status. */
  name: z.string().optional(),
  descr: z.string().optional(),
  status: z.int().min(200).max(599).optional(),
  /** Wait so long first; for `hang`, how long the answer is kept back: for ever when absent. */
  delayMs: z.int().nonnegative().optional(),
  /** Whether the call is carried out all the same, for the kinds where both can be. */
  commit: z.boolean().optional(),
})
export type FaultSpec = z.input<typeof FaultSpec>
export type Fault = z.infer<typeof FaultSpec>

const carriedOut: Record<Fault['kind'], boolean> = {
  transient: false,
  error: false,
  reset: false,
  resetAfterCommit: true,
  html: false,
  empty: true,
  hang: true,
}

/** Whether a call that meets this fault is carried out. */
export const commits = ({ kind, commit }: Fault) =>
  kind === 'html' || kind === 'empty' || kind === 'hang' ? (commit ?? carriedOut[kind]) : carriedOut[kind]

export const openFaults = () => {
  let waiting: { fault: Fault; skip: number; left: number }[] = []
  return {
    add: (spec: FaultSpec) => {
      const fault = FaultSpec.parse(spec)
      waiting.push({ fault, skip: fault.skip, left: fault.times })
    },
    /** The fault this call meets, if any; it is used up by it. Every call counts for those that skip some. */
    meet: (query: string): Fault | undefined => {
      let met: Fault | undefined
      for (const one of waiting) {
        if (one.fault.match !== '*' && one.fault.match !== query) continue
        if (one.skip > 0) one.skip--
        else if (met === undefined) {
          one.left--
          met = one.fault
        }
      }
      waiting = waiting.filter(({ left }) => left > 0)
      return met
    },
    clear: () => {
      waiting = []
    },
  }
}
export type Faults = ReturnType<typeof openFaults>
