import { nameOf, snapshotNameOf } from '../support/makers.ts'
import {
  clients,
  type Ending,
  heldOf,
  type Input,
  keyOf,
  type Model,
  named,
  snapshotIn,
  type Thing,
  templates,
  volumeIn,
} from './model.ts'

/**
 * What an operation does to a model, and how it ends. `model` is a draft: it counts only where the ending is `ok`.
 *
 * @param answer what the driver said, for the one thing a model cannot know by itself: global ids and generations
 */
type Rule = (model: Model, input: Input, answer: any) => Ending | readonly Ending[]

const limit = (text: string): number | '-' => (text === '-' ? '-' : Number(text))
const givenLimits = ({ iops, bw }: Record<string, string> = {}) => ({
  ...(iops === undefined ? {} : { iops: limit(iops) }),
  ...(bw === undefined ? {} : { bw: limit(bw) }),
})
const specsOf = (input: Input): Record<string, string> => input.volume_type?.extra_specs ?? {}
const tagsOf = (id: string, from: string | undefined, { project_id }: Input, qc?: string) => ({
  'cl-id': id,
  ...(from === undefined ? {} : { 'cl-from': from }),
  ...(project_id === undefined ? {} : { 'cl-project': project_id }),
  ...(qc === undefined ? {} : { qc }),
})
const withoutOwner = (tags: Record<string, string>) =>
  Object.fromEntries(Object.entries(tags).filter(([name]) => !name.startsWith('cl-')))
const isOwned = ({ tags }: Thing) => tags['cl-id'] !== undefined
const isOf = ({ tags }: Thing, id: string, from: string | undefined) =>
  tags['cl-id'] === id && tags['cl-from'] === from

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

/** The object a reference means, or what an earlier run has taken already. */
const referred = (things: Model['volumes'], reference: Input, name: string, id: string) => {
  const there =
    reference['source-id'] === undefined
      ? named(things, reference['source-name'])
      : things.get(reference['source-id'])
  if (there !== undefined) return there
  const mine = named(things, name)
  return mine?.tags['cl-id'] === id ? mine : undefined
}

/** What is another's stays so. */
const letGo = (thing: Thing | undefined, id: string): Ending => {
  if (thing?.tags['cl-id'] === id) thing.tags = withoutOwner(thing.tags)
  return 'ok'
}

export const rules = {
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

  initialize_connection: (model, input, answer) => {
    const { volume, connector, mode = connector.mode ?? 'rw', exclusive } = input
    if (clients[connector.host] === undefined) return 'UnknownHost'
    const there = volumeIn(model, volume)
    if (there === undefined) return 'VolumeNotFound'
    const held = heldOf(model, there)
    const key = keyOf(there.gid, input)
    const mine = held.get(key)
    if (mine !== undefined && mine.host !== connector.host && !exclusive) return 'Conflict'
    const others = exclusive ? [] : [...held].filter(([id]) => id !== key)
    const now = { host: connector.host, mode, generation: answer?.data.generation ?? 0 }
    model.book.set(there.gid, new Map([...others, [key, now]]))
    return 'ok'
  },

  terminate_connection: (model, { volume, connector, attachmentId, generation }) => {
    const there = volumeIn(model, volume)
    const held = there === undefined ? new Map() : heldOf(model, there)
    if (attachmentId !== undefined) {
      const mine = held.get(attachmentId)
      if (mine !== undefined && generation !== undefined && mine.generation !== generation)
        return 'StaleGeneration'
      held.delete(attachmentId)
      return 'ok'
    }
    const { host } = connector ?? {}
    const ending = [...held].filter(([, one]) => host === undefined || one.host === host)
    // What is not there any more has no connections; by its global id it is not even looked for.
    const isLookedFor = there !== undefined || volume.provider_location !== undefined
    if (host !== undefined && clients[host] === undefined && isLookedFor) return 'UnknownHost'
    for (const [id] of ending) held.delete(id)
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

  manage_existing: (model, { volume, existing_ref }) => {
    const name = nameOf(volume.id)
    const there = referred(model.volumes, existing_ref, name, volume.id)
    if (there === undefined) return 'VolumeNotFound'
    const owner = there.tags['cl-id']
    if (owner !== undefined && owner !== volume.id) return 'Conflict'
    const template = specsOf(volume).storpool_template
    if (template !== undefined && template !== there.template) return 'InvalidInput'
    const taken = named(model.volumes, name)
    if (taken !== undefined && taken !== there) return 'VolumeExists'
    there.name = name
    there.tags = { ...there.tags, ...tagsOf(volume.id, undefined, volume) }
    model.locations.set(volume.id, there.gid)
    return 'ok'
  },

  unmanage: (model, { volume }) => letGo(volumeIn(model, volume), volume.id),

  manage_existing_snapshot: (model, { snapshot, existing_ref }) => {
    const name = snapshotNameOf(snapshot.id)
    const there = referred(model.snapshots, existing_ref, name, snapshot.id)
    if (there === undefined) return 'SnapshotNotFound'
    const owner = there.tags['cl-id']
    const taken = named(model.snapshots, name)
    if (owner !== undefined && owner !== snapshot.id) return 'Conflict'
    if (taken !== undefined && taken !== there) return 'Conflict'
    there.name = name
    there.tags = { ...there.tags, ...tagsOf(snapshot.id, snapshot.volume_id, snapshot) }
    model.locations.set(snapshot.id, there.gid)
    return 'ok'
  },

  unmanage_snapshot: (model, { snapshot }) => letGo(snapshotIn(model, snapshot), snapshot.id),

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

  manage_existing_get_size: (model, { existing_ref }) =>
    referred(model.volumes, existing_ref, '', '') === undefined ? 'VolumeNotFound' : 'ok',
} satisfies Record<string, Rule>

export type Operation = keyof typeof rules

/** What a model comes to by an operation, and how that may end. */
export const apply = (before: Model, operation: Operation, input: Input, answer: unknown) => {
  const after = structuredClone(before)
  const rule: Rule = rules[operation]
  const ending = rule(after, input, answer)
  const endings: readonly Ending[] = typeof ending === 'string' ? [ending] : ending
  // Where the model cannot tell, nothing changes.
  return { endings, after: endings.length === 1 && endings[0] === 'ok' ? after : before }
}
