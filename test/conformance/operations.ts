import type { Cluster } from '../support/cluster.ts'
import { aVolume, copyId, nameOf, snapshotId, snapshotNameOf, volumeId } from '../support/makers.ts'
import { type MethodName, methods } from './methods.ts'

/** One call of an operation: by Cinder's name, with its JSON. */
export type Call = readonly [MethodName, object]

/** One operation as the laws see it: the calls that make a cluster ready for it, and the call itself. */
export interface Operation {
  readonly given: readonly Call[]
  readonly call: Call
  /** It needs an agent on host-1. */
  readonly agent?: boolean
  /**
   * Calls of StorPool's after which a refusal cannot be undone: it is mended by running the operation again.
   * Everything else is all or nothing.
   */
  readonly mendedByRepeat?: readonly number[]
}

const typed = (extra_specs: Record<string, string>) => ({ volume_type: { extra_specs } })
const volume = aVolume(typed({ storpool_template: 'hdd', iops: '500' }))
const snapshot = { id: snapshotId, volume_id: volumeId }
const known = { volume: { id: volumeId } }
const connector = { host: 'host-1' }
const copy = { id: copyId, size: 2 }
const group = {
  group_snapshot: { id: 'group' },
  snapshots: [
    { id: '0000aaaa-3333-4f0e-8f0b-6b8f3a2d1c03', volume_id: volumeId },
    { id: '0000bbbb-4444-4f0e-8f0b-6b8f3a2d1c04', volume_id: copyId },
  ],
}

const aVolumeThere: Call = ['create_volume', { volume }]
const aCopyThere: Call = ['create_volume', { volume: copy }]
const aSnapshotThere: Call = ['create_snapshot', { snapshot }]
const aConnectionThere: Call = ['initialize_connection', { ...known, connector }]
const aForeignVolume: readonly Call[] = [aVolumeThere, ['unmanage', known]]
const aForeignSnapshot: readonly Call[] = [aVolumeThere, aSnapshotThere, ['unmanage_snapshot', { snapshot }]]
const byName = { existing_ref: { 'source-name': nameOf(volumeId) } }
const bySnapshotName = { existing_ref: { 'source-name': snapshotNameOf(snapshotId) } }

/** Every driver operation. The laws in this folder hold for each; a new operation is a line here. */
export const operations: Readonly<Record<string, Operation>> = {
  check_for_setup_error: { given: [], call: ['check_for_setup_error', {}] },
  validate_connector: { given: [], call: ['validate_connector', { connector }] },
  create_volume: { given: [], call: aVolumeThere },
  delete_volume: { given: [aVolumeThere], call: ['delete_volume', known] },
  extend_volume: { given: [aVolumeThere], call: ['extend_volume', { ...known, new_size: 3 }] },
  create_snapshot: { given: [aVolumeThere], call: aSnapshotThere },
  delete_snapshot: { given: [aVolumeThere, aSnapshotThere], call: ['delete_snapshot', { snapshot }] },
  create_volume_from_snapshot: {
    given: [aVolumeThere, aSnapshotThere],
    call: ['create_volume_from_snapshot', { volume: copy, snapshot }],
  },
  create_cloned_volume: {
    given: [aVolumeThere],
    call: [
      'create_cloned_volume',
      { volume: { ...copy, ...typed({ storpool_template: 'ssd' }) }, src_vref: known.volume },
    ],
  },
  create_export: { given: [], call: ['create_export', { ...known, connector }] },
  ensure_export: { given: [], call: ['ensure_export', known] },
  remove_export: { given: [], call: ['remove_export', known] },
  initialize_connection: { given: [aVolumeThere], call: aConnectionThere },
  'initialize_connection, exclusive': {
    given: [aVolumeThere, aConnectionThere],
    call: ['initialize_connection', { ...known, connector: { host: 'host-2' }, exclusive: true }],
  },
  terminate_connection: {
    given: [aVolumeThere, aConnectionThere],
    call: ['terminate_connection', { ...known, connector }],
  },
  'terminate_connection, all': {
    given: [aVolumeThere, aConnectionThere],
    call: ['terminate_connection', known],
  },
  attach_volume: { given: [aVolumeThere], call: ['attach_volume', { ...known, connector }], agent: true },
  detach_volume: {
    given: [aVolumeThere, ['attach_volume', { ...known, connector }]],
    call: ['detach_volume', { ...known, connector }],
    agent: true,
  },
  get_volume_stats: { given: [aVolumeThere], call: ['get_volume_stats', { refresh: true }] },
  get_pool: { given: [aVolumeThere], call: ['get_pool', known] },
  retype: {
    given: [aVolumeThere],
    call: ['retype', { ...known, new_type: { extra_specs: { storpool_template: 'ssd', qc: 'gold' } } }],
    // The reading that verifies: all is done by then.
    mendedByRepeat: [2],
  },
  revert_to_snapshot: {
    given: [aVolumeThere, aSnapshotThere, ['extend_volume', { ...known, new_size: 2 }]],
    call: ['revert_to_snapshot', { ...known, snapshot }],
    mendedByRepeat: [2, 3],
  },
  update_migrated_volume: {
    given: [aCopyThere],
    call: ['update_migrated_volume', { ...known, new_volume: { id: copyId } }],
  },
  manage_existing: {
    given: aForeignVolume,
    call: ['manage_existing', { volume: { id: copyId }, ...byName }],
  },
  manage_existing_get_size: {
    given: aForeignVolume,
    call: ['manage_existing_get_size', { volume: { id: copyId }, ...byName }],
  },
  unmanage: { given: [aVolumeThere], call: ['unmanage', known] },
  manage_existing_snapshot: {
    given: aForeignSnapshot,
    call: ['manage_existing_snapshot', { snapshot: { id: copyId }, ...bySnapshotName }],
  },
  manage_existing_snapshot_get_size: {
    given: aForeignSnapshot,
    call: ['manage_existing_snapshot_get_size', { snapshot: { id: copyId }, ...bySnapshotName }],
  },
  unmanage_snapshot: { given: [aVolumeThere, aSnapshotThere], call: ['unmanage_snapshot', { snapshot }] },
  get_manageable_volumes: { given: [aVolumeThere], call: ['get_manageable_volumes', {}] },
  get_manageable_snapshots: { given: [aVolumeThere, aSnapshotThere], call: ['get_manageable_snapshots', {}] },
  create_group_snapshot: { given: [aVolumeThere, aCopyThere], call: ['create_group_snapshot', group] },
  delete_group_snapshot: {
    given: [aVolumeThere, aCopyThere, ['create_group_snapshot', group]],
    call: ['delete_group_snapshot', group],
    // One snapshot after the other: those that are gone stay gone.
    mendedByRepeat: [2, 3],
  },
}

/** Calls of an operation that takes something away, where it never was. */
export const removals: readonly Call[] = [
  ['delete_volume', known],
  ['delete_volume', { volume: { id: volumeId, provider_location: 'a.b.zz' } }],
  ['delete_snapshot', { snapshot }],
  ['terminate_connection', { ...known, connector }],
  ['terminate_connection', known],
  ['remove_export', known],
  ['unmanage', known],
  ['unmanage_snapshot', { snapshot }],
  ['delete_group_snapshot', group],
]

export const send = (cluster: Cluster, [method, input]: Call): Promise<unknown> =>
  methods[method](cluster.backend, input)

/** Make a cluster ready for an operation, and forget how. */
export const prepare = async (cluster: Cluster, { given }: Operation): Promise<void> => {
  for (const call of given) await send(cluster, call)
  cluster.simulator.reset()
}
