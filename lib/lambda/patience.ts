import { answeredIn } from '../aws-requests.ts'
import { answerMs } from '../config.ts'
import { once } from '../once.ts'

/**
 * What a client of AWS's is told beside the rest. Where the services are in this very process it may stand still for a
 * while, with hundreds of requests under way: their answers are late then, not lost. To make them again would count some
 * of them twice, and a client makes no more than fifty again before it gives the others up.
 */
export const patiently = once(() => {
  const ms = answerMs()
  return ms === undefined ? {} : { requestHandler: answeredIn(ms, ms) }
})
