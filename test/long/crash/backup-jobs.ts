import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import { contentOf } from './bytes.ts'
import type { CrashJob } from './job.ts'
import type { Place } from './place.ts'
import { submit } from './submit.ts'
import { fillWithNoise, makeVolume, noisyDigest, removeVolume } from './volumes.ts'

const run = promisify(execFile)

/** What a backup answers, and a restore is given. */
interface Backup {
  readonly repository: string
  readonly snapshotId: string
  readonly sizeBytes: number
  readonly sha256: string
}

const environmentOf = ({ repository: { path, password } }: Place) => ({
  PATH: process.env.PATH,
  RESTIC_REPOSITORY: path,
  RESTIC_PASSWORD: password,
  RESTIC_CACHE_DIR: `${path}.cache`,
})
const restic = async (place: Place, ...args: string[]): Promise<string> =>
  (await run('restic', ['--no-lock', ...args], { env: environmentOf(place) })).stdout

/** As restic lists it. */
interface Kept {
  readonly id: string
  readonly tree: string
  readonly tags?: string[]
}
const all = async (place: Place): Promise<Kept[]> => JSON.parse(await restic(place, 'snapshots', '--json'))
const ofRun =
  (key: string) =>
  ({ tags = [] }: Kept) =>
    tags.some((tag) => tag.includes(key))

/** What the one file in a backup is made of: digests of its pieces, in order. */
const piecesOf = async (place: Place, { tree }: Kept): Promise<unknown> =>
  JSON.parse(await restic(place, 'cat', 'blob', tree)).nodes.map(
    ({ content }: { content: string[] }) => content,
  )

const noisyVolume = async (place: Place, id: string) => {
  await makeVolume(place, id)
  await fillWithNoise(place, { id })
}

/** A backup of a volume with the noise, which is gone again. */
const backupOf = async (place: Place, id: string): Promise<Backup> => {
  await noisyVolume(place, id)
  const { result } = await submit(place, 'backup-volume', { volume: { id }, repository: 'backups' })
  await removeVolume(place, id)
  const { repository, snapshotId, sizeBytes, sha256 } = result?.backup ?? {}
  return { repository, snapshotId, sizeBytes, sha256 }
}
/** The one that all restores of a place read. */
const shelf = new WeakMap<Place, { backup: Backup; pieces: unknown }>()
const shelved = (place: Place) => {
  const found = shelf.get(place)
  if (found === undefined) throw new Error('there is no backup to read')
  return found
}
const shelve = async (place: Place) => {
  if (shelf.has(place)) return
  const backup = await backupOf(place, 'shelved')
  const pieces = await Promise.all((await all(place)).map((kept) => piecesOf(place, kept)))
  expect(pieces).toHaveLength(1)
  shelf.set(place, { backup, pieces: pieces[0] })
}

export const backupJobs: readonly CrashJob[] = [
  {
    name: 'backup-volume',
    kind: 'backup-volume',
    what: 'a volume of 1 GiB, with 68 MiB on it, into a repository in a folder',
    onHost: true,
    moves: true,
    once: shelve,
    prepare: async (place, id) => {
      await noisyVolume(place, id)
      return { volume: { id }, repository: 'backups', backup_id: id }
    },
    check: async (place, id, { result }) => {
      const { sha256, sizeBytes, snapshotId } = result?.backup ?? {}
      const { backup, pieces } = shelved(place)
      expect({ sha256, sizeBytes }).toEqual({ sha256: backup.sha256, sizeBytes: 1024 ** 3 })
      const kept = (await all(place)).filter(ofRun(id))
      expect(kept).toMatchObject([{ id: snapshotId }])
      expect(await piecesOf(place, kept[0]!)).toEqual(pieces)
    },
    clean: (place, id) => removeVolume(place, id),
  },
  {
    name: 'restore-backup',
    kind: 'restore-backup',
    what: 'that backup to a volume of 2 GiB, which is made for it',
    onHost: true,
    moves: true,
    once: shelve,
    prepare: async (place, id) => ({
      backup: shelved(place).backup,
      volume: { id, size: 2 },
      create_volume: true,
    }),
    check: async (place, id) => {
      expect(await contentOf(place, { id })).toBe(noisyDigest)
    },
    clean: (place, id) => removeVolume(place, id),
  },
  {
    name: 'check-backup',
    kind: 'check-backup',
    what: 'that backup, read and compared with its digest',
    onHost: true,
    moves: true,
    alone: true,
    once: shelve,
    prepare: async (place) => {
      const { repository, ...backup } = shelved(place).backup
      return { repository, backup }
    },
    check: async () => {},
    clean: async () => {},
  },
  {
    name: 'delete-backup',
    kind: 'delete-backup',
    what: 'a backup that shares its data with another, and what it had for itself with it',
    onHost: true,
    moves: false,
    alone: true,
    once: shelve,
    prepare: async (place, id) => {
      const { repository, snapshotId } = await backupOf(place, id)
      return { backup: { repository, snapshotId } }
    },
    check: async (place, id) => {
      const kept = await all(place)
      expect(kept.filter(ofRun(id))).toEqual([])
      expect(kept.map((one) => one.id)).toContain(shelved(place).backup.snapshotId)
      await restic(place, 'check')
    },
    clean: async () => {},
  },
]
