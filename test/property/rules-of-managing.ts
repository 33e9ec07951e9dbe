import { nameOf, snapshotNameOf } from '../support/makers.ts'
import { type Ending, type Input, type Model, named, snapshotIn, type Thing, volumeIn } from './model.ts'
import { type Rule, specsOf, tagsOf } from './rule.ts'

const withoutOwner = (tags: Record<string, string>) =>
  Object.fromEntries(Object.entries(tags).filter(([name]) => !name.startsWith('cl-')))

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

export const managing = {
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

  manage_existing_get_size: (model, { existing_ref }) =>
    referred(model.volumes, existing_ref, '', '') === undefined ? 'VolumeNotFound' : 'ok',
} satisfies Record<string, Rule>
