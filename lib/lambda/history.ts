import type { History } from '../stats/sample.ts'
import { statsHistory } from '../store/stats.ts'
import { table } from './records.ts'

/** What the cluster without a name of its own is called among the kept samples. */
export const DEFAULT_BACKEND = 'default'

export const history = (): History => statsHistory(table())
