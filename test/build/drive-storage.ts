import type { System } from '../../local/system.ts'
import { eventually } from '../local/harness.ts'
import { driveCutOff } from './drive-cut-off.ts'

const project = '0123456789abcdef0123456789abcdef'
const [other, third] = ['fedcba9876543210fedcba9876543210', '00112233445566778899aabbccddeeff']

/** What is answered; anything but success throws, unless nobody minds. */
export type Ask = (method: string, path: string, body?: object, minds?: boolean) => Promise<any>

/** Block Storage as a client calls it, of the project beneath which `path` is. */
const askOf =
  ({ url }: System, project: string): Ask =>
  async (method, path, body, minds = true) => {
    const response = await fetch(`${url}/v3/${project}${path}`, {
      method,
      headers: {
        'x-auth-token': `u:${project}`,
        'openstack-api-version': 'volume 3.71',
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (response.status >= 500 || (minds && !response.ok)) throw new Error(`${method} ${path}: ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }

/** Whatever clients ask of Block Storage, by family, and what its functions go on with where somebody was cut off. */
export const driveStorage = async (system: System): Promise<void> => {
  const ask = askOf(system, project)
  const types = await driveTypes(ask)
  const volume = await driveVolumes(ask)
  await driveActions(ask, volume, types)
  await driveSnapshots(ask, volume)
  // The first that an administrator's project has is a snapshot of another one's volume.
  await driveSnapshots(askOf(system, other), volume)
  await driveAttachments(ask, volume)
  await driveManaging(ask, askOf(system, third), types)
  await driveServices(ask, types)
  await driveCutOff(ask, system, types)
}

export interface Types {
  readonly usual: string
  /** On the cluster under its second name. */
  readonly second: string
}

const driveTypes = async (ask: Ask): Promise<Types> => {
  const made = async (name: string, extra_specs: object): Promise<string> =>
    (await ask('POST', '/types', { volume_type: { name, extra_specs } })).volume_type.id
  const [usual, second] = [await made('first', {}), await made('second', { volume_backend_name: 'second' })]
  await ask('PUT', `/types/${usual}`, { volume_type: { name: 'usual' } })
  await ask('POST', `/types/${usual}/extra_specs`, { extra_specs: { description: 'of every day' } })
  await ask('GET', '/types')
  await ask('DELETE', `/types/${await made('gone', {})}`)
  return { usual, second }
}

const madeOf = async (ask: Ask, volume: object): Promise<string> =>
  (await ask('POST', '/volumes', { volume: { size: 1, ...volume } })).volume.id

/** @returns a volume without a type. */
const driveVolumes = async (ask: Ask): Promise<string> => {
  const id = await madeOf(ask, { name: 'one' })
  await madeOf(ask, { volume_type: 'usual', source_volid: id })
  const { snapshot } = await ask('POST', '/snapshots', { snapshot: { volume_id: id } })
  const copy = await madeOf(ask, { snapshot_id: snapshot.id })
  await ask('POST', '/snapshots', { snapshot: { volume_id: copy } })
  await ask('DELETE', `/volumes/${copy}?cascade=true`)
  await ask('DELETE', `/snapshots/${snapshot.id}`)
  // No pool is there for it: it says so in its state, and a message says why.
  const { volume_type } = await ask('POST', '/types', {
    volume_type: { name: 'nowhere', extra_specs: { volume_backend_name: 'nowhere' } },
  })
  await ask('DELETE', `/volumes/${await madeOf(ask, { volume_type: volume_type.id })}`)
  await ask('PUT', `/volumes/${id}`, { volume: { description: 'the first' } })
  for (const query of ['', '?all_tenants=1', '?name=one', '/detail', '/summary', `/${id}`, `/${id}/metadata`])
    await ask('GET', `/volumes${query}`)
  return id
}

const driveActions = async (ask: Ask, id: string, { usual }: Types): Promise<void> => {
  const act = (action: object) => ask('POST', `/volumes/${id}/action`, action)
  const connector = { connector: { host: 'host-1' } }
  const is = (status: string) =>
    eventually(async () => (await ask('GET', `/volumes/${id}`)).volume.status === status)

  await act({ 'os-extend': { new_size: 2 } })
  await act({ 'os-reserve': null })
  await act({ 'os-initialize_connection': connector })
  await act({ 'os-attach': { host_name: 'host-1', mountpoint: '/dev/vdb' } })
  await act({ 'os-begin_detaching': null })
  await act({ 'os-terminate_connection': connector })
  await act({ 'os-detach': null })
  await act({ 'os-retype': { new_type: usual } })
  // One whose data may not move to where the type is: it stays, and a message says why.
  await act({ 'os-retype': { new_type: 'second', migration_policy: 'never' } })
  await act({ 'os-migrate_volume': { host: 'cinderless@second#default' } })
  await is('available')
  const { snapshot } = await ask('POST', '/snapshots', { snapshot: { volume_id: id } })
  await act({ revert: { snapshot_id: snapshot.id } })
  const gone = await madeOf(ask, {})
  await ask('POST', `/volumes/${gone}/action`, { 'os-force_delete': null })
}

const driveSnapshots = async (ask: Ask, volume_id: string): Promise<void> => {
  const { snapshot } = await ask('POST', '/snapshots', { snapshot: { volume_id, name: 'then' } })
  await ask('PUT', `/snapshots/${snapshot.id}`, { snapshot: { description: 'as it was' } })
  for (const query of ['', '?all_tenants=1', '?name=then', `/${snapshot.id}`])
    await ask('GET', `/snapshots${query}`)
  await ask('DELETE', `/snapshots/${snapshot.id}`)
}

const driveAttachments = async (ask: Ask, volume_uuid: string): Promise<void> => {
  const { id } = (await ask('POST', '/attachments', { attachment: { volume_uuid } })).attachment
  await ask('PUT', `/attachments/${id}`, { attachment: { connector: { host: 'host-1' } } })
  await ask('POST', `/attachments/${id}/action`, { 'os-complete': null })
  for (const query of ['', '?all_tenants=1', `?volume_id=${volume_uuid}`, `/${id}`])
    await ask('GET', `/attachments${query}`)
  await ask('DELETE', `/attachments/${id}`)
}

/**
 * What the cluster has is taken under care: by a type's id, by its name, and by none. It is the first that its new project
 * has, and types were changed just now: what a process read of them before is good for nothing.
 */
const driveManaging = async (ask: Ask, take: Ask, { usual }: Types): Promise<void> => {
  for (const type of [usual, 'usual', undefined]) {
    const id = await madeOf(ask, {})
    const { snapshot } = await ask('POST', '/snapshots', { snapshot: { volume_id: id } })
    await ask('POST', `/snapshots/${snapshot.id}/action`, { 'os-unmanage': null })
    await ask('POST', `/volumes/${id}/action`, { 'os-unmanage': null })
    const host = 'cinderless@default#default'
    await ask('GET', `/manageable_volumes/detail?host=${encodeURIComponent(host)}`)
    await ask('PUT', `/types/${usual}`, { volume_type: { description: `for ${id}` } })
    const { volume } = await take('POST', '/manageable_volumes', {
      volume: { host, ref: { 'source-name': `os--volume-${id}` }, ...(type && { volume_type: type }) },
    })
    const ref = { 'source-name': `os--snap--none--snapshot-${snapshot.id}` }
    await take('POST', '/manageable_snapshots', { snapshot: { volume_id: volume.id, ref } })
  }
}

/** The families that share a function. */
const driveServices = async (ask: Ask, { usual }: Types): Promise<void> => {
  const quotas = `/os-quota-sets/${project}`
  await ask('PUT', quotas, { quota_set: { volumes: 50 } })
  await ask('DELETE', quotas)
  const second = { binary: 'cinder-volume', host: 'cinderless@second' }
  await ask('PUT', '/os-services/disable', second)
  await ask('PUT', '/os-services/enable', second)
  for (const path of [
    `${quotas}?usage=true`,
    `${quotas}/defaults`,
    '/limits',
    '/os-services',
    '/os-hosts/cinderless@default',
    '/os-availability-zone',
    '/scheduler-stats/get_pools?detail=true',
    `/scheduler-stats/get_pools?volume_type=${usual}`,
    '/scheduler-stats/get_pools?volume_type=usual',
    '/capabilities/cinderless@default',
    '/extensions',
    '/messages?all_tenants=1',
  ])
    await ask('GET', path)
  const [message] = (await ask('GET', '/messages')).messages
  await ask('GET', `/messages/${message.id}`)
  await ask('DELETE', `/messages/${message.id}`)
}
