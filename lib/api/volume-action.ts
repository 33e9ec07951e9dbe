import * as z from 'zod'
import { mayAct } from '../auth/caller.ts'
import { policy } from '../auth/policy.ts'
import { ApiError, badRequest } from '../volumes/refusal.ts'
import type { Action } from './actions/action.ts'
import { volumeActions } from './actions/table.ts'
import { type Route, route } from './route.ts'

const Body = z.record(z.string(), z.unknown())

const nameIn = (body: unknown): string =>
  typeof body === 'object' && body !== null ? Object.keys(body).join(', ').slice(0, 100) : ''

/** The row that a body names by its only key. */
const rowOf = (body: unknown): Action | undefined => {
  const name = nameIn(body)
  return Object.hasOwn(volumeActions, name) ? volumeActions[name] : undefined
}

const act = route({
  method: 'POST',
  path: 'volumes/{id}/action',
  summary: 'Do something with a volume',
  // Each action has a rule of its own.
  rule: 'volume:get',
  body: Body,
  status: (body) => rowOf(body)?.status ?? 202,
  async run(call) {
    const name = nameIn(call.body)
    const row = rowOf(call.body)
    if (row === undefined) {
      throw badRequest(
        `There is no such action: ${name}. Verify the request body and Content-Type header and try again.`,
      )
    }
    if (row.since > call.version) throw new ApiError(404, 'The resource could not be found.')
    if (!mayAct(call.caller, policy[row.rule])) {
      throw new ApiError(403, `Policy doesn't allow ${row.rule} to be performed.`)
    }
    return row.perform(call, name, call.body[name])
  },
})

export const actionRoutes: readonly Route[] = [act]
