import { endpoint } from '../../lib/lambda/endpoint.ts'
import { parametersOf } from '../../lib/lambda/event.ts'
import { history } from '../../lib/lambda/history.ts'
import { now } from '../../lib/lambda/records.ts'
import { GetStats, getStats } from '../../lib/stats/read.ts'

export const handler = endpoint(async (event) => getStats(history(), parametersOf(event, GetStats), now()))
