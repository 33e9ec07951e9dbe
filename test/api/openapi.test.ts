import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { volumeActions } from '../../lib/api/actions/table.ts'
import { actionRoutes } from '../../lib/api/volume-action.ts'
import { operations } from '../../lib/volumes/operations.ts'
import { readService } from '../../local/service.ts'

const document = JSON.parse(await readFile(new URL('../../docs/openapi.json', import.meta.url), 'utf8'))
const operationsIn = Object.entries<Record<string, any>>(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
)

test('every route of the service is described, and none that it does not have', async () => {
  const service = await readService(fileURLToPath(new URL('../../serverless.yml', import.meta.url)), {
    env: {},
    options: {},
  })
  const routes = service.routes.filter(
    ({ path }) => !path.startsWith('/v3/') && !['/docs', '/openapi.json', '/{proxy+}'].includes(path),
  )

  const described = operationsIn
    .filter(({ path }) => !path.startsWith('/v3/'))
    .map(({ method, path }) => `${method} ${path}`)

  expect(described.sort()).toEqual(routes.map(({ method, path }) => `${method} ${path}`).sort())
})

test('each call has an id of its own, and every reference leads somewhere', () => {
  const ids = operationsIn.map(({ operation }) => operation.operationId)
  expect(new Set(ids).size).toBe(ids.length)
  for (const [, reference = ''] of JSON.stringify(document.paths).matchAll(/"\$ref":"([^"]+)"/g)) {
    const found = reference
      .split('/')
      .slice(1)
      .reduce((inner: any, key) => inner?.[key], document)
    expect(found ?? reference).not.toBe(reference)
  }
})

test('every action of the table is described with its states, and who works has an operation', () => {
  expect(actionRoutes).toHaveLength(1)
  const bodies =
    document.paths['/v3/volumes/{id}/action'].post.requestBody.content['application/json'].schema.oneOf
  expect(bodies.map(({ title }: { title: string }) => title)).toEqual(Object.keys(volumeActions))
  const working = Object.entries(volumeActions).filter(([, row]) => row.working !== undefined)
  expect(working.filter(([name]) => operations[name] === undefined)).toEqual([])
})
