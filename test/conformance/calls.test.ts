import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { readdir } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { cycle } from '../../bench/cycle.ts'
import { type ClusterOptions, startCluster } from '../support/cluster.ts'
import { copyId, snapshotId, volumeId } from '../support/makers.ts'
import { type Operation, operations, prepare, send } from './operations.ts'

/** The calls of StorPool that an operation makes where all goes well. */
const callsOf = async (operation: Operation, options: ClusterOptions = {}): Promise<readonly string[]> => {
  await using cluster = await startCluster({ ...options, agent: operation.agent ?? false })
  await prepare(cluster, operation)
  await send(cluster, operation.call)
  return cluster.simulator.calls.map(({ call }) => call)
}

/** At most so many; a new operation is a line here. */
const most: Readonly<Record<string, number>> = {
  check_for_setup_error: 2,
  validate_connector: 0,
  create_volume: 1,
  delete_volume: 2,
  extend_volume: 1,
  create_snapshot: 1,
  delete_snapshot: 2,
  create_volume_from_snapshot: 1,
  create_cloned_volume: 1,
  create_export: 0,
  ensure_export: 0,
  remove_export: 0,
  initialize_connection: 2,
  'initialize_connection, exclusive': 2,
  attach_volume: 2,
  detach_volume: 1,
  terminate_connection: 1,
  'terminate_connection, all': 1,
  get_volume_stats: 2,
  get_pool: 1,
  // It sets a tag, and so has to read those that are there.
  retype: 3,
  revert_to_snapshot: 4,
  update_migrated_volume: 3,
  // Once more when nobody else may change its owner any more; so for the three below.
  manage_existing: 3,
  manage_existing_get_size: 1,
  unmanage: 3,
  manage_existing_snapshot: 3,
  manage_existing_snapshot_get_size: 1,
  unmanage_snapshot: 3,
  get_manageable_volumes: 2,
  get_manageable_snapshots: 1,
  create_group_snapshot: 1,
  // Two for each of its snapshots.
  delete_group_snapshot: 4,
}

const ofTheWholeCluster = ['VolumesList', 'SnapshotsList', 'AttachmentsList']

test.each(Object.entries(operations))(
  '%s makes no more calls than it needs, and lists the cluster only to answer a list',
  async (name, operation) => {
    const calls = await callsOf(operation)

    expect(calls.length, calls.join(', ')).toBeLessThanOrEqual(most[name] ?? -1)
    if (!name.startsWith('get_manageable_')) {
      expect(ofTheWholeCluster.filter((list) => calls.includes(list))).toEqual([])
    }
  },
)

const typed = (template: string) => ({ volume_type: { extra_specs: { storpool_template: template } } })
const onHdd: Operation['given'] = [['create_volume', { volume: { id: volumeId, size: 1, ...typed('hdd') } }]]

test('a clone is one call, in its source’s template or in another', async () => {
  for (const type of [{}, typed('hdd'), typed('ssd')]) {
    const volume = { id: copyId, size: 1, ...type }
    const clone = {
      given: onHdd,
      call: ['create_cloned_volume', { volume, src_vref: { id: volumeId } }],
    } as const
    expect(await callsOf(clone)).toEqual(['VolumeCreate'])
  }
})

test('a volume of another template than its snapshot is one call', async () => {
  const snapshot = { id: snapshotId, volume_id: volumeId }
  const operation: Operation = {
    given: [...onHdd, ['create_snapshot', { snapshot }]],
    call: ['create_volume_from_snapshot', { volume: { id: copyId, size: 2, ...typed('ssd') }, snapshot }],
  }
  expect(await callsOf(operation)).toEqual(['VolumeCreate'])
})

test('a retype that touches no tags is a change and the reading that verifies it', async () => {
  const new_type = { extra_specs: { storpool_template: 'ssd', iops: '100' } }
  const operation: Operation = { given: onHdd, call: ['retype', { volume: { id: volumeId }, new_type }] }
  expect(await callsOf(operation)).toEqual(['VolumeUpdate', 'Volume'])
})

test('a revert asks who is attached only where the cluster would not refuse it by itself', async () => {
  const revert = operations.revert_to_snapshot!
  const calls = ['Volume', 'VolumeRevert', 'VolumeUpdate', 'Volume']
  expect(await callsOf(revert)).toEqual(calls)
  expect(await callsOf(revert, { refusesAttachedRevert: false })).toEqual([
    'Volume',
    'AttachmentsList',
    ...calls.slice(1),
  ])
})

/** What an operation asks of the table. */
const tableRequestsOf = async (operation: Operation): Promise<number> => {
  await using cluster = await startCluster(operation)
  await prepare(cluster, operation)
  let requests = 0
  const count = () => {
    requests += 1
  }
  subscribe('http.client.request.start', count)
  await send(cluster, operation.call)
  unsubscribe('http.client.request.start', count)
  return requests - cluster.simulator.calls.length
}

test('a page of the book is read once and written twice, also when the connection ends; the name is noted once', async () => {
  expect(await tableRequestsOf(operations.initialize_connection!)).toBe(4)
  expect(await tableRequestsOf(operations.terminate_connection!)).toBe(4)
})

test('npm run bench measures every function of the driver', async () => {
  const files = await readdir(new URL('../../functions/driver/', import.meta.url))

  expect(new Set(cycle.map(({ name }) => name))).toEqual(
    new Set(files.map((file) => file.replace(/\.ts$/, ''))),
  )
})
