import fc from 'fast-check'
import type { Cluster } from '../support/cluster.ts'
import { atOnce } from './at-once.ts'
import { sequence } from './sequence.ts'
import { begun, closeStep, connectingStep, quietStep, step } from './steps.ts'

/** Operations one after the other, each perhaps with a fault and then repeated. */
export const inSequence = (cluster: Cluster) =>
  fc.asyncProperty(begun(fc.array(step, { maxLength: 25, size: 'max' })), (steps) => sequence(cluster, steps))

const together = (cluster: Cluster, each: typeof step, most: number) =>
  fc.asyncProperty(
    begun(fc.array(quietStep, { maxLength: 6, size: 'max' })),
    fc.array(each, { minLength: 2, maxLength: most }),
    fc.scheduler(),
    (steps, several, scheduler) => atOnce(cluster, scheduler, steps, several),
  )

/** Operations of any kind at once. */
export const allAtOnce = (cluster: Cluster) => together(cluster, closeStep, 3)

/** Connections of one volume made and ended at once, and what must not happen meanwhile. */
export const connectionsAtOnce = (cluster: Cluster) => together(cluster, connectingStep, 4)
