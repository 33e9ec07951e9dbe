import type { Cluster } from '../support/cluster.ts'
import { itemsIn } from '../support/table.ts'

/**
 * All that an operation can change: what is on the cluster, and what is in the table. Left out are counts that only
 * grow, names that were noted, holds, which end by themselves, and a page of the book on which nothing else stands.
 */
export const everything = async (cluster: Cluster) => {
  const items = await itemsIn(cluster.table)
  return {
    cluster: cluster.simulator.state(),
    table: items
      .filter(
        ({ attachments = {}, reverting, claim }) =>
          Object.keys(attachments).length > 0 || reverting !== undefined || claim !== undefined,
      )
      .map(({ pk, attachments, reverting, claim }) => ({ pk, attachments, reverting, claim }))
      .sort((one, other) => (String(one.pk) < String(other.pk) ? -1 : 1)),
  }
}
