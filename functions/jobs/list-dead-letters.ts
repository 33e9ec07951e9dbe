import { ListDeadLetters, listDeadLetters } from '../../lib/jobs/redrive.ts'
import { dead } from '../../lib/lambda/dead.ts'
import { endpoint } from '../../lib/lambda/endpoint.ts'
import { parametersOf } from '../../lib/lambda/event.ts'

export const handler = endpoint(async (event) =>
  listDeadLetters(dead(), parametersOf(event, ListDeadLetters)),
)
