import { glob, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Simulator, startSimulator } from '../../simulator/server.ts'
import { startTable } from '../support/table.ts'
import { startPlace } from './agents.ts'
import { invokeBundled, startProxy } from './bundled.ts'
import { root, runNode } from './run.ts'

// Out of its bundle, without what was left out of it.
const ids = ['6f0a4a26-3b7e-4a52-9c36-1d1f2a9f6d01', '6f0a4a26-3b7e-4a52-9c36-1d1f2a9f6d02'] as const
let folder: string
let simulator: Simulator
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cinderless bundles '))
  const ran = await runNode([join(root, 'build/run.mjs'), 'build/bundle.ts', '--out', join(folder, 'dist')])
  if (ran.status !== 0) throw new Error(ran.stdout + ran.stderr)
  simulator = await startSimulator({ port: 0, data: join(folder, 'simulator') })
}, 240_000)
afterAll(async () => {
  await simulator?.close()
  await rm(folder, { recursive: true, force: true })
})

const cluster = () => ({
  SP_API_HTTP_HOST: '127.0.0.1',
  SP_API_HTTP_PORT: String(simulator.port),
  SP_AUTH_TOKEN: simulator.token,
})
const create = (id: string, env: Record<string, string> = {}) => {
  const input = { volume: { id, size: 1 } }
  return invokeBundled(folder, 'driver/create-volume', input, { ...cluster(), ...env })
}

test('an operation works', async () => {
  expect(await create(ids[0])).toMatch(/^answer \{"provider_location":/)
  expect(simulator.volumes.has(`os--volume-${ids[0]}`)).toBe(true)
})

test('an operation works through a proxy', async () => {
  using proxy = await startProxy()

  expect(await create(ids[1], { HTTPS_PROXY: proxy.url })).toMatch(/^answer \{"provider_location":/)
  expect(proxy.asked[0]).toContain(`http://127.0.0.1:${simulator.port}/ctrl/1.0/`)
})

test('an operation fails in the words of the driver', async () => {
  expect(await create(ids[0], { SP_AUTH_TOKEN: '1' })).toBe('error VolumeBackendError')
})

test('schemas of answers, which only describe and test, are in no bundle but as text on the page of docs', async () => {
  const described: string[] = []
  for await (const file of glob('dist/functions/**/*.cjs', { cwd: folder })) {
    if ((await readFile(join(folder, file), 'utf8')).includes('x-since')) described.push(file)
  }
  expect(described).toEqual(['dist/functions/status/docs.cjs'])
})

test('a function with records finds its table, with the credentials that Lambda gives it', async () => {
  await using storage = await startTable()
  const { AWS_ENDPOINT_URL_DYNAMODB = '' } = process.env
  const aws = { AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'nobody', AWS_SECRET_ACCESS_KEY: 'nothing' }
  const env = { ...aws, AWS_ENDPOINT_URL_DYNAMODB, TABLE_NAME: storage.table.name }

  expect(await invokeBundled(folder, 'jobs/list', {}, env)).toBe('answer {"jobs":[]}')
})

test('a function reaches an agent by the pair in its secret, for what that role may', async () => {
  await using place = await startPlace(folder, simulator)
  const attachWith = (role: 'attach' | 'read') => {
    const input = { volume: { id: ids[0] }, connector: { host: 'alpha' } }
    const env = { ...cluster(), ...place.env(role) }
    return invokeBundled(folder, 'driver/attach-volume', input, env)
  }
  await create(ids[0])

  const asked = invokeBundled(folder, 'scheduled/ask-hosts', {}, { ...cluster(), ...place.env('read') })
  expect(await asked).toBe('answer {"asked":1,"heard":1}')
  expect(await attachWith('read')).toBe('error VolumeBackendError')
  expect(await attachWith('attach')).toContain('"client_id":1')
})
