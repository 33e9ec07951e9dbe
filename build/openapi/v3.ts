import * as z from 'zod'
import { volumeActions } from '../../lib/api/actions/table.ts'
import { actionAnswers } from '../../lib/api/answers/actions.ts'
import { answers } from '../../lib/api/answers/table.ts'
import type { Route } from '../../lib/api/route.ts'
import { NEWEST } from '../../lib/api/version.ts'
import { policy } from '../../lib/auth/policy.ts'
import { answered, idOf, jsonBody, pathParameters, queryParameters, refusals } from './operation.ts'
import { type Json, type NamingSchemas, schemaOf } from './schema.ts'

const since = (minor: number): string => (minor > 0 ? ` From 3.${minor} on.` : '')

const listQuery = ['limit', 'marker', 'offset', 'sort', 'all_tenants', 'with_count'].map((name) => ({
  name,
  in: 'query',
  schema: { type: 'string' },
}))

const isList = ({ method, path }: Route): boolean =>
  method === 'GET' && /^(volumes|snapshots|attachments|types|messages)(\/detail)?$/.test(path)

const isAction = ({ path }: Route): boolean => path === 'volumes/{id}/action'

const answerTable: Readonly<Record<string, z.ZodType | undefined>> = answers

/** What a call answers; undefined: nothing, never: it is always refused. */
export const answerOf = ({ method, path }: Route): z.ZodType | undefined => answerTable[`${method} ${path}`]

const responsesOf = (names: NamingSchemas, route: Route) => {
  if (isAction(route)) return actionResponses(names)
  const answer = answerOf(route)
  return answer instanceof z.ZodNever ? {} : { [route.statusOf({})]: answered(names, answer) }
}

/** The actions that answer with a status, and what those of them answer that answer something. */
const actionResponses = (names: NamingSchemas) =>
  Object.fromEntries(
    [200, 202].map((status) => {
      const these = Object.entries(volumeActions)
        .filter(([name, row]) => row.status === status && !(actionAnswers[name] instanceof z.ZodNever))
        .map(([name]) => name)
      const schemas = new Set(these.flatMap((name) => actionAnswers[name] ?? []))
      const saying = these.filter((name) => actionAnswers[name] !== undefined)
      const schema = z.union([...schemas])
      return [
        status,
        answered(names, schema, `With a body from ${saying.join(', ')}; without one from the others`),
      ]
    }),
  )

/** One of the actions, each with its states. */
const actionsBody = (): Json => ({
  oneOf: Object.entries(volumeActions).map(([name, row]) => {
    const allowed = row.allowedAt(NEWEST)
    return {
      title: name,
      description: `${row.summary}. Role: ${policy[row.rule]}.${since(row.since)} Answers ${row.status}.${
        allowed ? ` Allowed in: ${allowed.join(', ')}.` : ''
      }${row.working ? ` Meanwhile: ${row.working}.` : ''}`,
      type: 'object',
      required: [name],
      additionalProperties: false,
      properties: { [name]: schemaOf(row.bodyOf(NEWEST)) },
    }
  }),
})

/** Block Storage's call, at the newest microversion. */
export const describedRoute = (names: NamingSchemas, route: Route): Json => {
  const path = `/v3/${route.path}`
  const body = isAction(route) ? actionsBody() : route.bodyOf && schemaOf(route.bodyOf(NEWEST))
  return {
    operationId: idOf(route.method, path),
    summary: route.summary,
    description: `Role: ${policy[route.rule]}.${since(route.since)}`,
    tags: [route.path.split('/')[0]],
    parameters: [
      { $ref: '#/components/parameters/Version' },
      ...pathParameters(path),
      ...(isList(route) ? listQuery : queryParameters(route.query, path)),
    ],
    ...(body && { requestBody: jsonBody(body) }),
    responses: { ...responsesOf(names, route), ...refusals('Fault') },
    security: [{ token: [] }, { basic: [] }],
  }
}
