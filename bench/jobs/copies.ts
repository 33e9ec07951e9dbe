import { rm } from 'node:fs/promises'
import * as z from 'zod'
import { timed } from '../statistics.ts'
import { noneTaken, type Phase, phaseOf } from './phases.ts'
import type { PlainTools } from './plain.ts'
import type { JobStand } from './stand.ts'

/** Where the data is: a volume on the cluster, and the file that is its device. */
export interface Source {
  readonly volume: { readonly id: string }
  readonly device: string
  readonly bytes: number
}

/** What a backup answers that a restore has to give. */
const BackedUp = z.object({
  backup: z.object({
    repository: z.string(),
    snapshotId: z.string(),
    sizeBytes: z.int(),
    sha256: z.string(),
  }),
})

/** Run one job to its end. @returns its record, and the seconds of its task and beside it. */
const runJob = async (stand: JobStand, kind: string, input: object, taskName: string) => {
  const id = await stand.submit(kind, input)
  const job = await stand.ended(id)
  const { startedAt, updatedAt } = await stand.task(id, taskName)
  const task = Date.parse(updatedAt) - Date.parse(startedAt)
  const whole = Date.parse(job.finishedAt ?? '') - Date.parse(job.createdAt)
  return { job, task, beside: whole - task }
}

type Way = () => Promise<void>

/** Both ways in turns, so that neither has the better moments; which is first changes from round to round. */
const inTurns = async (round: number, agent: Way, plain: Way) => {
  for (const way of round % 2 === 0 ? [agent, plain] : [plain, agent]) await way()
}

/**
 * Uploads, backups and restores by jobs and by the plain tools, in turns. Each round has repositories of its own, made
 * before: in one that knows the data, nothing is left to do. That of the last round stays.
 *
 * @param repositories the agent's, one for each round, by name and in `host` of the stand's folder
 * @returns also the last backup, as a restore asks for it
 */
export const measureCopies = async (
  stand: JobStand,
  { volume, device, bytes }: Source,
  repositories: readonly string[],
  tools: PlainTools,
): Promise<{ phases: Readonly<Record<'upload' | 'backup' | 'restore', Phase>>; backup: object }> => {
  const taken = { upload: noneTaken(), backup: noneTaken(), restore: noneTaken() }
  const byJob = async (name: keyof typeof taken, kind: string, input: object) => {
    const { job, task, beside } = await runJob(stand, kind, input, name)
    taken[name].agent.push(task)
    taken[name].beside.push(beside)
    return job
  }
  const plainly = (name: keyof typeof taken, tool: () => Promise<unknown>, beside: () => Promise<unknown>) =>
    timed(taken[name].same, async () => {
      await timed(taken[name].plain, tool)
      await beside()
    })
  const flushed = async (file: string) => {
    await Promise.all([tools.flush(file), tools.digest(file)])
  }

  let backup: object = {}
  for (const [round, repository] of repositories.entries()) {
    const [theirs, file] = [stand.at(`plain-${round}`), stand.at('plain-file')]
    await tools.init(stand.at('host', repository))
    await tools.init(theirs)

    const destination = { kind: 'folder', store: 'shelf', name: `upload-${round}.qcow2` }
    await inTurns(
      round,
      async () => {
        await byJob('upload', 'copy-volume-to-image', { volume, image: { destination } })
      },
      () =>
        plainly(
          'upload',
          () => tools.upload(device, file),
          () => flushed(file),
        ),
    )
    await rm(stand.at('host/images', destination.name))

    await inTurns(
      round,
      async () => {
        const { result } = await byJob('backup', 'backup-volume', { volume, repository })
        backup = BackedUp.parse(result).backup
      },
      () =>
        plainly(
          'backup',
          () => tools.backup(device, theirs),
          () => tools.digest(device),
        ),
    )

    const target = await stand.makeVolume(`bench-restored-${round}`, bytes)
    await inTurns(
      round,
      async () => {
        const input = { backup, volume: { id: target.id } }
        await byJob('restore', 'restore-backup', input)
      },
      () =>
        plainly(
          'restore',
          () => tools.restore(theirs, file),
          () => flushed(file),
        ),
    )
    await stand.call('/driver/delete_volume', { volume: { id: target.id, size: 1 } })
    for (const done of [theirs, file]) await rm(done, { recursive: true })
    const before = repositories[round - 1]
    if (before !== undefined) await rm(stand.at('host', before), { recursive: true })
  }
  return {
    phases: {
      upload: phaseOf(taken.upload, bytes),
      backup: phaseOf(taken.backup, bytes),
      restore: phaseOf(taken.restore, bytes),
    },
    backup,
  }
}
