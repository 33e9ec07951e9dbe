import * as z from 'zod'
import { begin } from '../../volumes/begin.ts'
import { findVolume } from '../../volumes/find.ts'
import type { VolumeRecord } from '../../volumes/record.ts'
import { badRequest, conflict } from '../../volumes/refusal.ts'
import { checkRevertible, latestSnapshot } from '../../volumes/revert.ts'
import { action } from './action.ts'

const check = (volume: VolumeRecord, snapshot: string) => {
  const latest = latestSnapshot(volume)
  if (latest === undefined) throw badRequest(`Volume ${volume.id} has no snapshots.`)
  if (latest !== snapshot) {
    throw badRequest(`Specified snapshot ${snapshot} is not the latest one of volume ${volume.id}.`)
  }
  if (volume.status === 'available') return
  throw conflict(`Invalid volume: Volume ${volume.id} status must be available, not ${volume.status}.`)
}

/** @see cinder/api/v3/volumes.py revert */
export const revert = action({
  summary: 'Put the data of the latest snapshot back into a volume',
  rule: 'volume:revert',
  since: 40,
  body: z.looseObject({ snapshot_id: z.uuid('is not a uuid') }),
  status: 202,
  allowed: ['available'],
  working: 'reverting',
  async run({ storage, caller }, id, { snapshot_id }) {
    const volume = await findVolume(storage, caller, id)
    check(volume, snapshot_id)
    const snapshot = await storage.snapshots.get(snapshot_id)
    if (snapshot !== undefined && snapshot.size !== volume.size) {
      throw badRequest(
        `Can't revert volume ${id} to its latest snapshot ${snapshot_id}. The volume size must be equal to the snapshot size.`,
      )
    }
    checkRevertible(snapshot, snapshot_id)
    await begin(storage, caller, id, {
      ...{ action: 'revert', input: { snapshot_id }, working: 'reverting' },
      check: (now) => check(now, snapshot_id),
    })
    return undefined
  },
})
