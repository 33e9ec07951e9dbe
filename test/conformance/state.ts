import { ScanCommand } from '@aws-sdk/lib-dynamodb'
import type { Cluster } from '../support/cluster.ts'

/** All that an operation can change: what is on the cluster, and what is in the table, but for counts of writes. */
export const everything = async (cluster: Cluster) => {
  const { Items = [] } = await cluster.table.client.send(new ScanCommand({ TableName: cluster.table.name }))
  return {
    cluster: cluster.simulator.state(),
    table: Items.map(({ version: _, ...item }) => item).sort((one, other) =>
      String(one.pk) < String(other.pk) ? -1 : 1,
    ),
  }
}
