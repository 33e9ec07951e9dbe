import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import type { Sample } from '../stats/sample.ts'

const BYTES_PER_GIB = 1024 ** 3

/** Writes a sample as CloudWatch embedded metrics: bytes per backend and pool, printed as lines of the log. */
export const embeddedMetrics = ({ backend, stats }: Sample): void => {
  for (const pool of stats.pools) {
    const figures = {
      TotalCapacity: pool.total_capacity_gb,
      FreeCapacity: pool.free_capacity_gb,
      ProvisionedCapacity: pool.provisioned_capacity_gb,
    }
    const metrics = new Metrics({ namespace: 'Cinderless' })
    metrics.addDimensions({ Backend: backend, Pool: pool.pool_name })
    for (const [name, value] of Object.entries(figures)) {
      if (value !== 'unknown') metrics.addMetric(name, MetricUnit.Bytes, value * BYTES_PER_GIB)
    }
    if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics()
  }
}
