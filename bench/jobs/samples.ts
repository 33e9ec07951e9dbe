import { loadavg } from 'node:os'

export interface JobSamples {
  /** Not the whole of it: small volumes, of whose jobs the fixed costs are a large part. */
  readonly quick: boolean
  readonly rounds: number
  /** Bytes of the volume that is uploaded, backed up and restored; all of it is data. */
  readonly dataBytes: number
  readonly clones: number
}

const MiB = 1024 ** 2

export const jobSamples = (quick: boolean): JobSamples =>
  quick
    ? { quick, rounds: 1, dataBytes: 128 * MiB, clones: 100 }
    : { quick, rounds: 3, dataBytes: 4096 * MiB, clones: 1000 }

/** Of the last minutes, as the system counts it: above the number of cores, others were at work too. */
export const loadNow = (): number[] => loadavg().map((minutes) => Math.round(minutes * 100) / 100)
