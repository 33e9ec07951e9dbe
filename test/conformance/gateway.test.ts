import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { httpStatus } from '../../lib/errors.ts'
import { aFolder, type SystemProcess, startProcess } from '../support/system.ts'
import { methods } from './methods.ts'
import { operations } from './operations.ts'

interface Service {
  readonly functions: Record<
    string,
    { handler: string; events?: { httpApi?: { method: string; path: string } }[] }
  >
}
const tags = ['!GetAtt', '!Ref', '!Sub'].map((tag) => ({ tag, resolve: (value: unknown) => value }))
const service: Service = parse(await readFile(new URL('../../serverless.yml', import.meta.url), 'utf8'), {
  customTags: tags,
  logLevel: 'silent',
})
const routes = Object.values(service.functions)
  .flatMap(({ events = [] }) => events)
  .flatMap(({ httpApi }) => httpApi ?? [])

const order = Object.keys(operations)

let folder: Awaited<ReturnType<typeof aFolder>>
let system: SystemProcess
beforeAll(async () => {
  folder = await aFolder()
  system = await startProcess(folder.path)
})
afterAll(async () => {
  await system.stop()
  await folder[Symbol.asyncDispose]()
})

test('every handler of the service exists', async () => {
  for (const { handler } of Object.values(service.functions)) {
    const module = await import(new URL(`../../${handler.replace('.handler', '.ts')}`, import.meta.url).href)
    expect(module.handler, handler).toBeTypeOf('function')
  }
})

test('every driver route has an operation under the laws, and the other way round', () => {
  const paths = routes.flatMap(({ path }) => path.match(/^\/driver\/(.+)$/)?.[1] ?? [])
  // These queue a job: what it does is under the laws of the job's own tests.
  const queuing = ['copy_image_to_volume', 'copy_volume_to_image', 'backup_volume', 'restore_backup']
  expect(paths.filter((path) => !queuing.includes(path)).sort()).toEqual(Object.keys(methods).sort())
  expect(new Set(Object.values(operations).map(({ call }) => call[0]))).toEqual(new Set(Object.keys(methods)))
})

test.each(Object.entries(operations))('%s works through the gateway', async (name, { given, call }) => {
  // One cluster for all: each operation has ids of its own.
  const own = (value: object) =>
    JSON.parse(JSON.stringify(value).replaceAll(/-([0-9a-f]{4})-/g, `-${order.indexOf(name)}x$1-`))
  for (const [method, input] of given) await system.drive(method, own(input))

  await system.drive(call[0], own(call[1]))
})

test('every other route answers in a closed list of errors, and no other path is served', async () => {
  // Block Storage's own calls have their own errors, and their own tests.
  const own = routes.filter(({ path }) => !/^\/(driver\/|v3|docs|openapi|\{|$)/.test(path))
  for (const { method, path } of own) {
    const url = `${system.url}${path.replace('{id}', '00000000-0000-4000-8000-000000000000')}`
    const response = await fetch(url, {
      method,
      ...(method === 'POST' ? { body: '{}', headers: { 'content-type': 'application/json' } } : {}),
    })
    const body: { error?: { name: string } } = JSON.parse(await response.text())
    if (response.ok) continue
    expect(Object.keys(httpStatus), `${method} ${path}: ${JSON.stringify(body)}`).toContain(body.error?.name)
    expect(response.status).toBeLessThan(500)
  }
  expect((await fetch(`${system.url}/driver/format_disk`, { method: 'POST' })).status).toBe(404)
})
