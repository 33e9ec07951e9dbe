import { Redrive, redriveDeadLetters } from '../../lib/jobs/redrive.ts'
import { dead } from '../../lib/lambda/dead.ts'
import { endpoint } from '../../lib/lambda/endpoint.ts'
import { inputOf } from '../../lib/lambda/event.ts'

export const handler = endpoint(async (event) => redriveDeadLetters(dead(), Redrive.parse(inputOf(event))))
