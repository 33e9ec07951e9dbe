import * as z from 'zod'
import { volumeActions } from '../../lib/api/actions/table.ts'
import { attachmentRoutes } from '../../lib/api/attachments.ts'
import { manageRoutes } from '../../lib/api/manage.ts'
import type { Route } from '../../lib/api/route.ts'
import { serviceRoutes } from '../../lib/api/service.ts'
import { snapshotRoutes } from '../../lib/api/snapshots.ts'
import { typeRoutes } from '../../lib/api/types.ts'
import { NEWEST } from '../../lib/api/version.ts'
import { actionRoutes } from '../../lib/api/volume-action.ts'
import { volumeRoutes } from '../../lib/api/volumes.ts'
import { policy, ruleOf } from '../../lib/auth/policy.ts'
import { version } from '../../lib/version.ts'
import { type OwnCall, ownCalls } from './own.ts'

type Json = Readonly<Record<string, unknown>>

/** A schema as OpenAPI 3.1 has it: what a caller may send. */
const schemaOf = (schema: z.ZodType): Json => {
  const {
    $schema: _,
    '~standard': __,
    ...rest
  } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })
  return rest
}

const jsonBody = (schema: Json) => ({ required: true, content: { 'application/json': { schema } } })

const placeholders = (path: string): string[] => [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)

const pathParameters = (path: string) =>
  placeholders(path).map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } }))

const Properties = z.looseObject({ properties: z.record(z.string(), z.unknown()).default({}) })

const queryParameters = (schema: z.ZodType | undefined, path: string) => {
  if (schema === undefined) return []
  const { properties } = Properties.parse(schemaOf(schema))
  return Object.entries(properties)
    .filter(([name]) => !placeholders(path).includes(name))
    .map(([name, of]) => ({ name, in: 'query', schema: of }))
}

const idOf = (method: string, path: string): string =>
  `${method.toLowerCase()}_${path.replaceAll(/[^A-Za-z0-9]+/g, '_').replaceAll(/^_|_$/g, '')}`

const since = (minor: number): string => (minor > 0 ? ` From 3.${minor} on.` : '')

const listQuery = ['limit', 'marker', 'offset', 'sort', 'all_tenants', 'with_count'].map((name) => ({
  name,
  in: 'query',
  schema: { type: 'string' },
}))

const isList = ({ method, path }: Route): boolean =>
  method === 'GET' && /^(volumes|snapshots|attachments|types|messages)(\/detail)?$/.test(path)

const standard = (own: boolean) => ({
  '4XX': { $ref: `#/components/responses/${own ? 'OwnError' : 'Fault'}` },
  '5XX': { $ref: `#/components/responses/${own ? 'OwnError' : 'Fault'}` },
})

/** Block Storage's call, at the newest microversion. */
const describedRoute = (route: Route) => {
  const path = `/v3/${route.path}`
  const body =
    route.path === 'volumes/{id}/action' ? actionsBody() : route.bodyOf && schemaOf(route.bodyOf(NEWEST))
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
    responses: {
      [route.statusOf({})]: { description: 'Done, or taken in', ...answerOf(route) },
      ...standard(false),
    },
    security: [{ token: [] }, { basic: [] }],
  }
}

const answerOf = ({ answer }: Route) =>
  answer ? { content: { 'application/json': { schema: schemaOf(answer) } } } : {}

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

const describedOwn = (key: string, call: OwnCall) => {
  const [method = '', path = ''] = key.split(' ')
  return {
    operationId: idOf(method, path),
    summary: call.summary,
    description: `Role: ${policy[ruleOf(key)]}.`,
    tags: [path.split('/')[1]],
    parameters: [...pathParameters(path), ...queryParameters(call.parameters, path)],
    ...(call.body && { requestBody: jsonBody(schemaOf(call.body)) }),
    responses: { [call.status ?? 200]: { description: 'Done, or taken in' }, ...standard(true) },
    security: [{ token: [] }, { basic: [] }, { iam: [] }],
  }
}

const apiRoutes = [
  ...volumeRoutes,
  ...actionRoutes,
  ...snapshotRoutes,
  ...attachmentRoutes,
  ...typeRoutes,
  ...manageRoutes,
  ...serviceRoutes,
]

const error = (schema: Json, description: string) => ({
  description,
  content: { 'application/json': { schema } },
})

/** OpenAPI 3.1 for all that is reached over HTTP, from the schemas that check it. */
export function openapi(): Json {
  const paths: Record<string, Record<string, unknown>> = {}
  const add = (path: string, method: string, operation: unknown) => {
    paths[path] = { ...paths[path], [method.toLowerCase()]: operation }
  }
  for (const path of ['/', '/v3']) {
    add(path, 'get', {
      operationId: path === '/' ? 'get_versions' : 'get_v3',
      summary: 'What versions of Block Storage are spoken',
      tags: ['versions'],
      responses: { [path === '/' ? 300 : 200]: { description: 'The versions' } },
      security: [],
    })
  }
  for (const route of apiRoutes) add(`/v3/${route.path}`, route.method, describedRoute(route))
  for (const [key, call] of Object.entries(ownCalls)) {
    const [method = '', path = ''] = key.split(' ')
    add(path, method, describedOwn(key, call))
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Cinderless',
      version,
      description:
        "Block volumes on StorPool. Paths beneath /v3 are OpenStack's Block Storage API, at microversions 3.0 to 3." +
        `${NEWEST}; each of them is also there as /v3/{project_id}/…. Shapes are those of the newest.`,
    },
    paths,
    components: {
      parameters: {
        Version: {
          name: 'OpenStack-API-Version',
          in: 'header',
          description: `volume 3.0 to volume 3.${NEWEST}, or volume latest; without it 3.0`,
          schema: { type: 'string' },
        },
      },
      responses: {
        Fault: error(
          {
            type: 'object',
            additionalProperties: {
              type: 'object',
              required: ['code', 'message'],
              properties: { code: { type: 'integer' }, message: { type: 'string' } },
            },
          },
          'One object, whose key depends on the status: badRequest, itemNotFound, …',
        ),
        OwnError: error(
          {
            type: 'object',
            required: ['error'],
            properties: {
              error: {
                type: 'object',
                required: ['name', 'message', 'requestId'],
                properties: {
                  name: { type: 'string' },
                  message: { type: 'string' },
                  remedy: { type: 'string' },
                  requestId: { type: 'string' },
                  details: { type: 'object' },
                },
              },
            },
          },
          'What went wrong, and what can be done about it',
        ),
      },
      securitySchemes: {
        token: { type: 'apiKey', in: 'header', name: 'X-Auth-Token' },
        basic: { type: 'http', scheme: 'basic' },
        iam: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description: 'AWS Signature Version 4',
        },
      },
    },
  }
}
