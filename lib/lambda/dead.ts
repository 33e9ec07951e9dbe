import { deadLettersUrl, queueUrl } from '../config.ts'
import { type DeadLetters, deadLetters } from '../jobs/dead-letters.ts'
import { sqsClient } from '../jobs/queue.ts'
import { once } from '../once.ts'

const client = once(sqsClient)

export const dead = (): DeadLetters => deadLetters(client(), { dead: deadLettersUrl(), jobs: queueUrl() })
