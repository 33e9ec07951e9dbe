const GiB = 1024 ** 3
/** A process costs some 20 ms: at least this much is worth one. */
const soonMs = 500
const longMs = 2_000
/** What is begun again after a crash stays bounded, should data follow a long gap. */
const mostLonger = 32

export interface Segment {
  readonly bytes: number
  readonly ms: number
}

/**
 * How many bytes the next segment has, by how the last one went. Every segment costs a process: gaps are crossed in
 * strides that double, or a 1 TiB disk with 1 GiB in it would take as long as its 512 processes.
 *
 * @param least bytes of a segment
 * @param last undefined where there is none
 */
export const segmentLength = (least: number, last: Segment | undefined): number => {
  if (last === undefined || last.bytes < Math.max(least, GiB) || last.ms > longMs) return least
  return last.ms > soonMs ? last.bytes : Math.min(last.bytes * 2, least * mostLonger)
}
