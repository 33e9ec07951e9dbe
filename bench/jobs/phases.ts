import { median, rounded } from '../statistics.ts'

/** One kind of job beside the plain tool that does the same. */
export interface Phase {
  readonly dataMb: number
  /** Seconds of the agent's task, from its beginning to its end: with a digest, and with all on the disk. */
  readonly agentSeconds: number
  /** Seconds of the tool alone, on the same device. */
  readonly plainSeconds: number
  /** Throughput as a share of the plain tool's: the median of the rounds' own ratios. */
  readonly ofPlain: number
  /** The same beside the tool and, after it, what the agent does beside: a flush, and a digest of all bytes. */
  readonly sameSeconds: number
  readonly ofSame: number
  /** What the whole job takes beside the agent's task: from being asked for to the record's end, in seconds. */
  readonly overheadSeconds: number
}

/** Milliseconds, by the rounds. */
export interface Taken {
  readonly agent: number[]
  readonly plain: number[]
  /** The plain tool, and after it what the agent does beside. */
  readonly same: number[]
  /** The job's, beside the agent's. */
  readonly beside: number[]
}

export const noneTaken = (): Taken => ({ agent: [], plain: [], same: [], beside: [] })

export const phaseOf = ({ agent, plain, same, beside }: Taken, bytes: number): Phase => {
  const ratio = (other: readonly number[]) => median(other.map((ms, n) => ms / (agent[n] ?? Number.NaN)))
  const seconds = (sample: readonly number[]) => rounded(median(sample) / 1000)
  return {
    dataMb: Math.round(bytes / 1e6),
    agentSeconds: seconds(agent),
    plainSeconds: seconds(plain),
    ofPlain: ratio(plain),
    sameSeconds: seconds(same),
    ofSame: ratio(same),
    overheadSeconds: seconds(beside),
  }
}
