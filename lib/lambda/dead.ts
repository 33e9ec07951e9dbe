import { deadLettersUrl, queueUrl } from '../config.ts'
import { type DeadLetters, deadLetters } from '../jobs/dead-letters.ts'
import { sqsClient } from '../jobs/queue.ts'
import { once } from '../once.ts'
import { patiently } from './patience.ts'

const client = once(() => sqsClient(patiently()))

export const dead = (): DeadLetters => deadLetters(client(), { dead: deadLettersUrl(), jobs: queueUrl() })
