import { snapshotNameOf } from '../support/makers.ts'
import { type Ending, type Input, type Model, named, snapshotIn, type Thing, volumeIn } from './model.ts'
import { isOf, isOwned, type Rule, tagsOf } from './rule.ts'

const snap = (model: Model, snapshot: Input, volume: Thing, gid: string) => {
  const { size, template, iops, bw, data } = volume
  const tags = tagsOf(snapshot.id, snapshot.volume_id, snapshot)
  const name = snapshotNameOf(snapshot.id)
  model.snapshots.set(gid, { gid, name, size, template, iops, bw, tags, data })
  model.locations.set(snapshot.id, gid)
}

const sourceOf = (model: Model, { volume, volume_id }: Input) => volumeIn(model, volume ?? { id: volume_id })

const again = (there: Thing, { id, volume_id }: Input): readonly Ending[] =>
  isOwned(there) ? [isOf(there, id, volume_id) ? 'ok' : 'Conflict'] : ['ok', 'Conflict']

export const snapshots = {
  create_snapshot: (model, { snapshot }, answer) => {
    const volume = sourceOf(model, snapshot)
    if (volume === undefined) return 'VolumeNotFound'
    const there = named(model.snapshots, snapshotNameOf(snapshot.id))
    if (there !== undefined) return again(there, snapshot)
    snap(model, snapshot, volume, answer?.provider_location ?? '')
    return 'ok'
  },

  delete_snapshot: (model, { snapshot }) => {
    const there = snapshotIn(model, snapshot)
    if (there !== undefined) model.snapshots.delete(there.gid)
    return 'ok'
  },

  create_group_snapshot: (model, { snapshots }, answer) => {
    const parts = (snapshots as Input[]).map((snapshot) => ({
      snapshot,
      volume: sourceOf(model, snapshot),
      there: named(model.snapshots, snapshotNameOf(snapshot.id)),
    }))
    if (parts.some(({ volume }) => volume === undefined)) return 'VolumeNotFound'
    if (new Set(parts.map(({ volume }) => volume)).size < parts.length) return 'InvalidInput'
    if (parts.some(({ there }) => there !== undefined)) {
      const ends = parts.map(({ snapshot, there }) => (there ? again(there, snapshot) : ['Conflict']))
      if (ends.some((end) => !end.includes('ok'))) return 'Conflict'
      return ends.some((end) => end.length > 1) ? ['ok', 'Conflict'] : 'ok'
    }
    for (const { snapshot, volume } of parts) {
      const update = answer?.snapshots_model_update.find(({ id }: { id: string }) => id === snapshot.id)
      if (volume !== undefined) snap(model, snapshot, volume, update?.provider_location ?? snapshot.id)
    }
    return 'ok'
  },

  delete_group_snapshot: (model, { snapshots }) => {
    for (const snapshot of snapshots) model.snapshots.delete(snapshotIn(model, snapshot)?.gid ?? '')
    return 'ok'
  },
} satisfies Record<string, Rule>
