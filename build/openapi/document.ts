import { OwnError } from '../../lib/answers.ts'
import { Fault } from '../../lib/api/answers/fault.ts'
import { Versions } from '../../lib/api/answers/versions.ts'
import { NEWEST } from '../../lib/api/version.ts'
import { policy, ruleOf } from '../../lib/auth/policy.ts'
import { version } from '../../lib/version.ts'
import { answered, idOf, jsonBody, pathParameters, queryParameters, refusals } from './operation.ts'
import { type OwnCall, ownCalls } from './own.ts'
import { ownAnswers } from './own-answers.ts'
import { apiRoutes } from './routes.ts'
import { type Json, type NamingSchemas, namingSchemas, schemaOf } from './schema.ts'
import { describedRoute } from './v3.ts'

const describedOwn = (names: NamingSchemas, key: string, call: OwnCall): Json => {
  const [method = '', path = ''] = key.split(' ')
  return {
    operationId: idOf(method, path),
    summary: call.summary,
    description: `Role: ${policy[ruleOf(key)]}.`,
    tags: [path.split('/')[1]],
    parameters: [...pathParameters(path), ...queryParameters(call.parameters, path)],
    ...(call.body && { requestBody: jsonBody(schemaOf(call.body)) }),
    responses: { [call.status ?? 200]: answered(names, ownAnswers[key]), ...refusals('Error') },
    security: [{ token: [] }, { basic: [] }, { iam: [] }],
  }
}

const describedVersions = (names: NamingSchemas, path: '/' | '/v3'): Json => ({
  operationId: path === '/' ? 'get_versions' : 'get_v3',
  summary: 'What versions of Block Storage are spoken',
  tags: ['versions'],
  responses: { [path === '/' ? 300 : 200]: answered(names, Versions, 'The versions') },
  security: [],
})

const pathsOf = (names: NamingSchemas) => {
  const paths: Record<string, Record<string, unknown>> = {}
  const add = (path: string, method: string, operation: Json) => {
    paths[path] = { ...paths[path], [method.toLowerCase()]: operation }
  }
  for (const path of ['/', '/v3'] as const) add(path, 'get', describedVersions(names, path))
  for (const route of apiRoutes) add(`/v3/${route.path}`, route.method, describedRoute(names, route))
  for (const [key, call] of Object.entries(ownCalls)) {
    const [method = '', path = ''] = key.split(' ')
    add(path, method, describedOwn(names, key, call))
  }
  return paths
}

const parameters = {
  Version: {
    name: 'OpenStack-API-Version',
    in: 'header',
    description: `volume 3.0 to volume 3.${NEWEST}, or volume latest; without it 3.0`,
    schema: { type: 'string' },
  },
}

const securitySchemes = {
  token: { type: 'apiKey', in: 'header', name: 'X-Auth-Token' },
  basic: { type: 'http', scheme: 'basic' },
  iam: { type: 'apiKey', in: 'header', name: 'Authorization', description: 'AWS Signature Version 4' },
}

/** OpenAPI 3.1 for all that is reached over HTTP, from the schemas that check it, and those that check its answers. */
export function openapi(): Json {
  const names = namingSchemas()
  const paths = pathsOf(names)
  const responses = {
    Fault: answered(names, Fault, 'One object, whose key depends on the status: badRequest, itemNotFound, …'),
    Error: answered(names, OwnError, 'What went wrong, and what can be done about it'),
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Cinderless',
      version,
      description:
        "Block volumes on StorPool. Paths beneath /v3 are OpenStack's Block Storage API, at microversions 3.0 to 3." +
        `${NEWEST}; each of them is also there as /v3/{project_id}/…. A version is asked for in the header OpenStack-API-Version, as volume 3.${NEWEST}; else it is 3.0. Shapes are those of the newest.`,
    },
    paths,
    components: { schemas: names.all(), parameters, responses, securitySchemes },
  }
}
