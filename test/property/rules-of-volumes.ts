import { nameOf } from '../support/makers.ts'
import {
  type Ending,
  heldOf,
  type Input,
  type Model,
  named,
  snapshotIn,
  type Thing,
  templates,
  volumeIn,
} from './model.ts'
import { givenLimits, isOf, isOwned, type Rule, specsOf, tagsOf } from './rule.ts'

/** A create that meets its own name. */
const meets = (there: Thing, volume: Input, from: string | undefined): readonly Ending[] => {
  const template = specsOf(volume).storpool_template
  if (there.size !== volume.size) return ['VolumeExists']
  if (template !== undefined && there.template !== template) return ['VolumeExists']
  if (isOwned(there)) return [isOf(there, volume.id, from) ? 'ok' : 'VolumeExists']
  // Whether a copy that bears no tags was made from this source, its parents tell.
  return from === undefined ? ['ok'] : ['ok', 'VolumeExists']
}

/** A new volume, empty or with a source's data. */
const make = (model: Model, volume: Input, answer: any, source?: Thing, from?: string): Ending => {
  const { storpool_template: template, qc, ...specs } = specsOf(volume)
  if (template !== undefined && !templates.includes(template)) return 'InvalidInput'
  if (source !== undefined && volume.size < source.size) return 'InvalidInput'
  const inherited = template === undefined ? source : undefined
  const gid: string = answer?.provider_location ?? ''
  model.volumes.set(gid, {
    gid,
    name: nameOf(volume.id),
    size: volume.size,
    template: template ?? source?.template ?? '',
    iops: inherited?.iops ?? '-',
    bw: inherited?.bw ?? '-',
    ...givenLimits(specs),
    tags: tagsOf(volume.id, from, volume, qc),
    data: source?.data ?? '',
  })
  model.locations.set(volume.id, gid)
  return 'ok'
}

const copy = (model: Model, volume: Input, answer: any, source: Thing | undefined, from: string) =>
  source === undefined ? undefined : make(model, volume, answer, source, from)

export const volumes = {
  create_volume: (model, { volume }, answer) => {
    const there = named(model.volumes, nameOf(volume.id))
    return there === undefined ? make(model, volume, answer) : meets(there, volume, undefined)
  },

  create_volume_from_snapshot: (model, { volume, snapshot }, answer) => {
    const there = named(model.volumes, nameOf(volume.id))
    if (there !== undefined) return meets(there, volume, snapshot.id)
    return copy(model, volume, answer, snapshotIn(model, snapshot), snapshot.id) ?? 'SnapshotNotFound'
  },

  create_cloned_volume: (model, { volume, src_vref }, answer) => {
    const there = named(model.volumes, nameOf(volume.id))
    if (there !== undefined) return meets(there, volume, src_vref.id)
    return copy(model, volume, answer, volumeIn(model, src_vref), src_vref.id) ?? 'VolumeNotFound'
  },

  delete_volume: (model, { volume }) => {
    const there = volumeIn(model, volume)
    if (there === undefined) return 'ok'
    if (heldOf(model, there).size > 0) return 'VolumeIsBusy'
    model.volumes.delete(there.gid)
    return 'ok'
  },

  extend_volume: (model, { volume, new_size }) => {
    const there = volumeIn(model, volume)
    if (there === undefined) return 'VolumeNotFound'
    if (new_size < there.size) return 'InvalidInput'
    there.size = new_size
    return 'ok'
  },

  retype: (model, { volume, new_type, diff = {} }) => {
    const { storpool_template: template, qc, ...specs } = new_type.extra_specs ?? {}
    const changes = (name: string) => {
      const pair = diff.extra_specs?.[name]
      return pair !== undefined && pair[0] !== pair[1]
    }
    if (template === undefined && changes('storpool_template')) return 'NotSupported'
    const there = volumeIn(model, volume)
    if (there === undefined) return 'VolumeNotFound'
    if (template !== undefined && !templates.includes(template)) return 'InvalidInput'
    if (template !== undefined) Object.assign(there, { template, iops: '-', bw: '-' })
    if (changes('iops')) there.iops = '-'
    if (changes('bw')) there.bw = '-'
    Object.assign(there, givenLimits(specs))
    if (qc !== undefined) there.tags.qc = qc
    else if (changes('qc')) delete there.tags.qc
    return 'ok'
  },

  revert_to_snapshot: (model, { volume, snapshot }) => {
    const there = volumeIn(model, volume)
    if (there === undefined) return 'VolumeNotFound'
    if (heldOf(model, there).size > 0) return 'VolumeIsBusy'
    const to = snapshotIn(model, snapshot)
    if (to === undefined) return 'SnapshotNotFound'
    there.data = to.data
    return 'ok'
  },

  update_migrated_volume: (model, { volume, new_volume }) => {
    const name = nameOf(volume.id)
    const copied = volumeIn(model, new_volume)
    const original = named(model.volumes, name)
    if (copied === undefined) return original?.tags['cl-moved'] === new_volume.id ? 'ok' : 'VolumeNotFound'
    if (original === undefined) {
      copied.name = name
      copied.tags = { ...copied.tags, 'cl-id': volume.id, 'cl-moved': new_volume.id }
    }
    model.locations.set(volume.id, copied.gid)
    return 'ok'
  },

  get_pool: (model, { volume }) => (volumeIn(model, volume) === undefined ? 'VolumeNotFound' : 'ok'),
} satisfies Record<string, Rule>
