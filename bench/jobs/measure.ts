import { mkdir } from 'node:fs/promises'
import { type Cancelled, measureCancel } from './cancels.ts'
import { type Clones, measureClones } from './clones.ts'
import { measureCopies } from './copies.ts'
import type { Phase } from './phases.ts'
import { makeDisk, plainTools } from './plain.ts'
import { measureProgress, type Progress } from './progress.ts'
import { type JobSamples, loadNow } from './samples.ts'
import { startJobStand } from './stand.ts'

export interface JobFigures {
  /** How, and the load before: these may be measured without the rest. */
  readonly measured: { readonly date: string; readonly quick: boolean; readonly load: readonly number[] }
  readonly phases: Readonly<Record<'upload' | 'backup' | 'restore', Phase>>
  /** Of an image onto a volume, and of a backup; not of what ended before it could be asked. */
  readonly progress: Readonly<Record<string, Progress>>
  readonly cancel: Readonly<Record<'upload' | 'backup', Cancelled>>
  readonly clones: Clones
}

/**
 * The long jobs, as whole jobs of a system with a host's agent: their bytes beside the plain tools, what they say while
 * they run, how they stop, and how many short ones pass.
 *
 * @param folder for all of it, empty
 * @param bundle the agent in one file
 */
export const measureJobs = async (
  folder: string,
  bundle: string,
  { quick, rounds, dataBytes, clones }: JobSamples,
): Promise<JobFigures> => {
  const measured = { date: new Date().toISOString(), quick, load: loadNow() }
  await mkdir(folder)
  const repositories = Array.from({ length: rounds }, (_, round) => `round-${round}`)
  await using stand = await startJobStand(folder, bundle, [...repositories, 'cancelled'])
  const cloned = await measureClones(stand, clones)

  await makeDisk(stand.at('host/images/disk.raw'), dataBytes)
  const { id, link } = await stand.makeVolume('bench-data', dataBytes)
  const volume = { id }
  const source = { kind: 'folder', name: 'disk.raw' }
  const copy = await stand.submit('copy-image-to-volume', { volume, image: { source, format: 'raw' } })
  const { device, ...copied } = await measureProgress(stand, copy, link, dataBytes)

  const tools = await plainTools(folder)
  const from = { volume, device, bytes: dataBytes }
  const { phases, backup } = await measureCopies(stand, from, repositories, tools)

  const target = await stand.makeVolume('bench-watched', dataBytes)
  const restore = await stand.submit('restore-backup', { backup, volume: { id: target.id } })
  const { device: _, ...restored } = await measureProgress(stand, restore, target.link, dataBytes)

  const progress = Object.fromEntries(
    Object.entries({ copy: copied, restore: restored }).filter(([, { asked }]) => asked > 0),
  )

  await tools.init(stand.at('host/cancelled'))
  const cancel = {
    upload: await measureCancel(stand, 'upload', rounds, (round) => {
      const destination = { kind: 'folder', store: 'shelf', name: `cancelled-${round}.qcow2` }
      return stand.submit('copy-volume-to-image', { volume, image: { destination } })
    }),
    backup: await measureCancel(stand, 'backup', rounds, () =>
      stand.submit('backup-volume', { volume, repository: 'cancelled' }),
    ),
  }
  return { measured, phases, progress, cancel, clones: cloned }
}
