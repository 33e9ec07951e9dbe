import { expect } from 'vitest'
import { contentOf } from './bytes.ts'
import type { CrashJob, Record } from './job.ts'
import type { Place } from './place.ts'
import { fillWithNoise, makeVolume, noisyDigest, oldDigest, oldSnapshot, removeVolume } from './volumes.ts'

/** The volume a record says was made. */
const made = (id: string, { result }: Record) => ({ id, provider_location: result?.provider_location })

const sourceOf = (id: string) => `${id}-source`

const holdsTheSame = async (place: Place, id: string, record: Record) =>
  expect(await contentOf(place, made(id, record))).toBe(oldDigest)
/** What the volume was before it was reverted. */
const safetyOf = (id: string, { result }: Record) => ({
  id,
  volume_id: id,
  provider_location: result?.safetySnapshot.provider_location,
})
const removeMade = (place: Place, id: string, { result }: Record) =>
  removeVolume(place, id, result?.provider_location)

const ofType = (id: string, template: string) => ({
  id,
  size: 1,
  volume_type: { extra_specs: { storpool_template: template } },
})

export const clusterJobs: readonly CrashJob[] = [
  {
    name: 'clone-volume',
    kind: 'clone-volume',
    what: 'a volume in another template, waited for until its data is where that wants it',
    onHost: false,
    moves: false,
    prepare: async (place, id) => {
      await makeVolume(place, sourceOf(id))
      return { volume: ofType(id, 'ssd'), src_vref: { id: sourceOf(id) }, wait: 'relocation' }
    },
    check: holdsTheSame,
    clean: async (place, id, record) => {
      await removeMade(place, id, record)
      await removeVolume(place, sourceOf(id))
    },
  },
  {
    name: 'clone-volume-elsewhere',
    kind: 'clone-volume',
    what: 'a snapshot on another cluster of the location, waited for until no parent is left',
    onHost: false,
    moves: false,
    prepare: async (_, id) => ({
      volume: ofType(id, 'ssd'),
      snapshot: oldSnapshot,
      cluster: 'beta',
      wait: 'independent',
    }),
    check: holdsTheSame,
    clean: removeMade,
  },
  {
    name: 'retype-volume',
    kind: 'retype-volume',
    what: 'a volume to another template, waited for until its data is where that wants it',
    onHost: false,
    moves: false,
    prepare: async (place, id) => {
      await makeVolume(place, id)
      return { volume: { id }, new_type: ofType(id, 'ssd').volume_type }
    },
    check: holdsTheSame,
    clean: removeMade,
  },
  {
    name: 'revert-volume',
    kind: 'revert-volume',
    what: 'a volume that was written to, to the snapshot it was made of',
    onHost: false,
    moves: false,
    prepare: async (place, id) => {
      await makeVolume(place, id)
      await fillWithNoise(place, { id })
      return { volume: { id }, snapshot: oldSnapshot }
    },
    check: async (place, id, record) => {
      await holdsTheSame(place, id, record)
      const before = { id: `${id}-before`, size: 1 }
      const snapshot = safetyOf(id, record)
      await place.drive('create_volume_from_snapshot', { volume: before, snapshot })
      expect(await contentOf(place, before)).toBe(noisyDigest)
      await removeVolume(place, before.id)
    },
    clean: async (place, id, record) => {
      await removeVolume(place, id)
      await place.drive('delete_snapshot', { snapshot: safetyOf(id, record) })
    },
  },
  {
    name: 'migrate-volume',
    kind: 'migrate-volume',
    what: 'a volume to another cluster of the location',
    onHost: false,
    moves: false,
    prepare: async (place, id) => {
      const { provider_location } = await makeVolume(place, id)
      return { volume: { id, provider_location }, cluster: 'beta' }
    },
    check: holdsTheSame,
    clean: removeMade,
  },
]
