import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { startCluster } from '../../local/cluster.ts'
import { type System, startSystem } from '../../local/system.ts'
import { type Simulator, startSimulator } from '../../simulator/server.ts'
import { nameOf } from '../support/makers.ts'
import { aFolder } from '../support/system.ts'

const project = '0123456789abcdef0123456789abcdef'
const onEast = 'cinderless@east#default'
const atHome = 'cinderless@default#default'

let folder: Awaited<ReturnType<typeof aFolder>>
let data: string
let east: Simulator
let system: System
beforeAll(async () => {
  folder = await aFolder()
  data = await mkdtemp(join(tmpdir(), 'cinderless-east-'))
  system = await startSystem({
    state: folder.path,
    port: 0,
    async cluster(...args) {
      const cluster = await startCluster(...args)
      // Client 7 there is the host with the agent.
      const devices = join(folder.path, 'simulator', 'dev')
      east = await startSimulator({
        data,
        location: 'east',
        devicesOf: (client) => (client === 7 ? join(devices, '1') : join(data, 'dev', String(client))),
      })
      const { HOSTS = '{}', JOB_HOST = '' } = cluster.environment
      const { [JOB_HOST]: host, ...others } = JSON.parse(HOSTS)
      const hosts = { ...others, [JOB_HOST]: { ...host, clients: { east: 7 } } }
      const backend = {
        SP_API_HTTP_HOST: '127.0.0.1',
        SP_API_HTTP_PORT: east.port,
        SP_AUTH_TOKEN: east.token,
      }
      const told = { BACKENDS: JSON.stringify({ east: backend }), HOSTS: JSON.stringify(hosts) }
      return { ...cluster, environment: { ...cluster.environment, ...told } }
    },
  })
  await call('POST', '/types', {
    volume_type: { name: 'east', extra_specs: { volume_backend_name: 'east' } },
  })
  await call('POST', '/types', { volume_type: { name: 'fast', extra_specs: { iops: '500' } } })
})
afterAll(async () => {
  await system?.close()
  await east?.close()
  await folder?.[Symbol.asyncDispose]()
  await rm(data, { recursive: true, force: true })
})
afterEach(async () => {
  east.reset()
  for (const { id } of (await call('GET', '/volumes')).body.volumes) {
    await call('DELETE', `/volumes/${id}`)
    expect((await call('GET', `/volumes/${id}`)).status).toBe(404)
  }
  expect(await usage()).toEqual({})
  expect([...east.volumes.keys(), ...east.attachments]).toEqual([])
  expect(await home()).toEqual([])
})

const call = async (method: string, path: string, body?: unknown) => {
  const response = await fetch(`${system.url}/v3/${project}${path}`, {
    method,
    headers: {
      'x-auth-token': `admin:${project}`,
      'openstack-api-version': 'volume 3.71',
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
}
const act = async (id: string, action: object) => (await call('POST', `/volumes/${id}/action`, action)).status
const show = async (id: string) => (await call('GET', `/volumes/${id}`)).body.volume
const aVolume = async (change: object = {}) =>
  (await call('POST', '/volumes', { volume: { size: 1, ...change } })).body.volume.id as string
const migrate = (id: string, host = onEast) => act(id, { 'os-migrate_volume': { host } })

/** What is counted, by whatever name. */
const usage = async () => {
  const { id: _, ...counts } = (await call('GET', `/os-quota-sets/${project}?usage=true`)).body.quota_set
  const shown = Object.entries(counts as Record<string, { in_use: number; reserved: number }>)
  return Object.fromEntries(
    shown.flatMap(([name, { in_use, reserved }]) =>
      in_use + reserved === 0 ? [] : [[name, [in_use, reserved]]],
    ),
  )
}
/** Volumes on the first cluster. */
const home = async () => {
  const { volumes } = (await (
    await fetch(`${system.url}/driver/get_manageable_volumes`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    })
  ).json()) as any
  return volumes.map(({ reference }: any) => reference['source-name']) as string[]
}
const become = (id: string, like: object) =>
  vi.waitFor(async () => expect(await show(id)).toMatchObject(like), { timeout: 30_000, interval: 100 })
const jobs = async () => ((await (await fetch(`${system.url}/jobs`)).json()) as any).jobs as any[]

const held = { status: 'available', migration_status: 'success', 'os-vol-mig-status-attr:migstat': 'success' }

test('a volume is migrated with its data, says so all the while, and comes back', async () => {
  const id = await aVolume()
  const before = (await jobs()).length
  const counted = await usage()
  const bytes = join(folder.path, 'simulator', 'dev', '1', 'storpool-byid')

  expect(await migrate(id)).toBe(202)

  expect(await show(id)).toMatchObject({
    status: 'maintenance',
    migration_status: 'migrating',
    'os-vol-mig-status-attr:migstat': 'migrating',
  })
  // What a client does that got no answer.
  expect(await migrate(id)).toBe(400)
  await become(id, { ...held, 'os-vol-host-attr:host': onEast, 'os-vol-mig-status-attr:name_id': null })
  expect(await jobs()).toHaveLength(before + 1)
  expect(east.volumes.get(nameOf(id))?.tags).toMatchObject({ 'cl-id': id, 'cl-project': project })
  expect(await home()).toEqual([])
  expect(await usage()).toEqual(counted)
  expect(await migrate(id)).toBe(400)

  // It lives there: attached, extended, with snapshots, and found under its new global id.
  const { body } = await call('POST', '/attachments', {
    attachment: { volume_uuid: id, connector: { host: 'host-1' } },
  })
  expect(body.attachment.connection_info).toMatchObject({ client_id: 7 })
  await using device = await open(join(bytes, body.attachment.connection_info.globalId), 'r+')
  await device.write('what was written there')
  expect(await migrate(id, atHome)).toBe(400)
  expect((await call('DELETE', `/attachments/${body.attachment.id}`)).status).toBe(200)
  await become(id, { status: 'available' })
  const { snapshot } = (await call('POST', '/snapshots', { snapshot: { volume_id: id } })).body
  expect(await migrate(id, atHome)).toBe(400)
  await call('DELETE', `/snapshots/${snapshot.id}`)
  expect(await act(id, { 'os-extend': { new_size: 2 } })).toBe(202)

  expect(await migrate(id, atHome)).toBe(202)
  await become(id, { ...held, size: 2, 'os-vol-host-attr:host': atHome })
  expect([...east.volumes.keys()]).toEqual([])
  const back = (
    await call('POST', '/attachments', { attachment: { volume_uuid: id, connector: { host: 'host-1' } } })
  ).body.attachment
  await using again = await open(join(bytes, back.connection_info.globalId))
  const { buffer } = await again.read(Buffer.alloc(22), 0, 22, 0)
  expect(buffer.toString()).toBe('what was written there')
  await call('DELETE', `/attachments/${back.id}`)
})

test('a retype to a type of another backend takes it there, counts it by that type, and back in place', async () => {
  const id = await aVolume({ volume_type: 'fast' })
  const retype = (new_type: string, migration_policy: string) =>
    act(id, { 'os-retype': { new_type, migration_policy } })

  expect(await retype('east', 'on-demand')).toBe(202)
  expect(await show(id)).toMatchObject({ status: 'retyping', volume_type: 'fast' })
  expect(await usage()).toMatchObject({ volumes_fast: [1, 0], volumes_east: [0, 1], volumes: [1, 0] })
  await become(id, { status: 'available', volume_type: 'east', 'os-vol-host-attr:host': onEast })

  expect(await usage()).toEqual({
    ...{ volumes: [1, 0], gigabytes: [1, 0], volumes_east: [1, 0], gigabytes_east: [1, 0] },
  })
  expect(east.volumes.get(nameOf(id))?.iops).toBe('-')
  expect(await home()).toEqual([])
  expect(await migrate(id, atHome)).toBe(400)
  expect(await retype('fast', 'never')).toBe(202)
  await become(id, { status: 'available', volume_type: 'east', 'os-vol-host-attr:host': onEast })
  expect(await retype('fast', 'on-demand')).toBe(202)
  await become(id, { status: 'available', volume_type: 'fast', 'os-vol-host-attr:host': atHome })
  expect(await usage()).toMatchObject({ volumes_fast: [1, 0] })
})

test.each(['migrate', 'retype'] as const)('what fails there puts all back: %s', async (way) => {
  const id = await aVolume({ volume_type: 'fast' })
  const [before, counted] = [await show(id), await usage()]
  east.fault({ match: 'VolumeCreate', times: 100, kind: 'error', name: 'internalError' })

  if (way === 'migrate') expect(await migrate(id)).toBe(202)
  else expect(await act(id, { 'os-retype': { new_type: 'east', migration_policy: 'on-demand' } })).toBe(202)

  const failed = way === 'migrate' ? 'error' : null
  await become(id, { status: 'available', volume_type: 'fast', migration_status: failed })
  for (const key of ['provider_id', 'os-vol-host-attr:host', 'size'])
    expect((await show(id))[key]).toEqual(before[key])
  expect(await usage()).toEqual(counted)
  expect([...east.volumes.keys()]).toEqual([])
  expect(await home()).toEqual([nameOf(id)])
  const { messages } = (await call('GET', '/messages')).body
  expect(messages[0]).toMatchObject({ resource_uuid: id })
  // Nothing is in the way of trying again.
  east.reset()
  expect(await migrate(id)).toBe(202)
  await become(id, { ...held, 'os-vol-host-attr:host': onEast })
})

test('deleted by force while a retype moves it, it is on neither, and no job runs on', async () => {
  const id = await aVolume({ volume_type: 'fast' })
  east.fault({ match: 'VolumesReassignWait', times: 1000, kind: 'transient' })
  expect(await act(id, { 'os-retype': { new_type: 'east', migration_policy: 'on-demand' } })).toBe(202)
  await vi.waitFor(
    async () => expect((await jobs())[0]).toMatchObject({ status: 'running', error: { step: 'attach' } }),
    { timeout: 30_000, interval: 100 },
  )

  const asked = act(id, { 'os-force_delete': null })
  await become(id, { status: 'deleting' })
  east.reset()

  expect(await asked).toBe(202)
  await vi.waitFor(async () => expect((await call('GET', `/volumes/${id}`)).status).toBe(404), {
    timeout: 60_000,
    interval: 200,
  })
  expect((await jobs())[0]).toMatchObject({ status: 'cancelled' })
})
