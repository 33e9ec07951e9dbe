import { expect } from 'vitest'
import { contentOf } from './bytes.ts'
import type { CrashJob, Record } from './job.ts'
import type { Place } from './place.ts'
import { makeVolume, oldDigest, oldSnapshot, removeVolume } from './volumes.ts'

/** The volume a record says was made. */
const made = (id: string, { result }: Record) => ({ id, provider_location: result?.provider_location })

const sourceOf = (id: string) => `${id}-source`

const holdsTheSame = async (place: Place, id: string, record: Record) =>
  expect(await contentOf(place, made(id, record))).toBe(oldDigest)
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
]
