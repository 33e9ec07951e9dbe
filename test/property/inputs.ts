import fc from 'fast-check'
import { nameOf, snapshotNameOf } from '../support/makers.ts'
import type { Input } from './model.ts'
import type { Operation } from './rules.ts'

/** All members of several objects in one. */
export const all = (...parts: fc.Arbitrary<object>[]): fc.Arbitrary<Input> =>
  fc.tuple(...parts).map((objects) => Object.assign({}, ...objects))
export const one = <T>(name: string, arbitrary: fc.Arbitrary<T>) =>
  arbitrary.map((value) => ({ [name]: value }))
const sometimes = <T>(name: string, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<object> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: one(name, arbitrary) })

const size = fc.constantFrom(1, 1, 2, 3)
const host = fc.constantFrom('host-1', 'host-1', 'host-1', 'host-2', 'host-2', 'host-2', 'mars')
const mode = fc.constantFrom('rw', 'ro')
const connector = one('host', host)
const project = sometimes('project_id', fc.constantFrom('p1', 'p2'))
const located = sometimes('provider_location', fc.constant('known'))
const type = one(
  'extra_specs',
  all(
    sometimes('storpool_template', fc.constantFrom('ssd', 'hdd', 'hybrid', 'ssd', 'hdd', 'nowhere')),
    sometimes('iops', fc.constantFrom('100', '500', '-')),
    sometimes('bw', fc.constantFrom('100', '500', '-')),
    sometimes('qc', fc.constantFrom('gold', 'silver')),
  ),
)
const typed = sometimes('volume_type', type)
const diff = one(
  'extra_specs',
  all(
    sometimes('storpool_template', fc.constantFrom([null, 'ssd'], ['ssd', null], ['ssd', 'ssd'])),
    sometimes('iops', fc.constantFrom([null, '100'], ['100', null])),
    sometimes('bw', fc.constantFrom([null, '100'], ['100', null])),
    sometimes('qc', fc.constantFrom([null, 'gold'], ['gold', null])),
  ),
)
const attachmentId = fc.constantFrom('a1', 'a2')
const byId = all(
  one('attachmentId', attachmentId),
  sometimes('generation', fc.constantFrom('known', 'stale')),
)

const reference = (id: fc.Arbitrary<string>, name: (id: string) => string) =>
  one('existing_ref', fc.oneof(one('source-name', id.map(name)), one('source-id', id)))
const group = (snapshot: fc.Arbitrary<Input>, minLength: number) =>
  all(
    one('group_snapshot', fc.constant({ id: 'g1' })),
    one('snapshots', fc.uniqueArray(snapshot, { minLength, maxLength: 3, selector: ({ id }) => id })),
  )

/**
 * What each operation may be asked, of few ids so that operations meet, with a weight for how often. `known` stands
 * for what the caller's records hold by then.
 */
export const inputsOn = (
  volumeId: fc.Arbitrary<string>,
  snapshotId: fc.Arbitrary<string>,
): Record<Operation | 'write', readonly [weight: number, fc.Arbitrary<Input>]> => {
  const volume = all(one('id', volumeId), located)
  const ofVolume = one('volume', volume)
  const newVolume = all(one('id', volumeId), one('size', size), typed, project)
  const forNew = one('volume', newVolume)
  const snapshot = all(one('id', snapshotId), located)
  const ofSnapshot = one('snapshot', snapshot)
  const newSnapshot = all(
    one('id', snapshotId),
    one('volume_id', volumeId),
    sometimes('volume', fc.constant('known')),
    project,
  )
  const managed = one('volume', all(one('id', volumeId), project, typed))
  return {
    create_volume: [6, forNew],
    create_volume_from_snapshot: [5, all(forNew, ofSnapshot)],
    create_cloned_volume: [5, all(forNew, one('src_vref', volume))],
    delete_volume: [3, ofVolume],
    extend_volume: [3, all(ofVolume, one('new_size', fc.integer({ min: 1, max: 4 })))],
    create_snapshot: [5, one('snapshot', newSnapshot)],
    delete_snapshot: [2, ofSnapshot],
    create_group_snapshot: [2, group(newSnapshot, 1)],
    delete_group_snapshot: [1, group(snapshot, 0)],
    initialize_connection: [
      8,
      all(
        ofVolume,
        one('connector', all(connector, sometimes('mode', mode))),
        sometimes('mode', mode),
        sometimes('exclusive', fc.constant(true)),
        sometimes('attachmentId', attachmentId),
        sometimes('instance', fc.constantFrom('i1', 'i2')),
      ),
    ],
    terminate_connection: [6, all(ofVolume, fc.oneof(sometimes('connector', connector), byId))],
    retype: [4, all(ofVolume, one('new_type', type), sometimes('diff', diff))],
    revert_to_snapshot: [5, all(ofVolume, ofSnapshot)],
    manage_existing: [4, all(managed, reference(volumeId, nameOf))],
    unmanage: [3, ofVolume],
    manage_existing_snapshot: [
      2,
      all(one('snapshot', all(one('id', snapshotId), project)), reference(snapshotId, snapshotNameOf)),
    ],
    unmanage_snapshot: [2, ofSnapshot],
    update_migrated_volume: [3, all(one('volume', one('id', volumeId)), one('new_volume', volume))],
    get_pool: [1, ofVolume],
    manage_existing_get_size: [1, all(managed, reference(volumeId, nameOf))],
    write: [5, all(ofVolume, one('mark', fc.stringMatching(/^[a-z]{4}$/)))],
  }
}
