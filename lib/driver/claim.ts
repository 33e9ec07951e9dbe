import { DriverError } from '../errors.ts'
import type { Tags } from '../storpool/schema/values.ts'
import type { Backend } from './backend.ts'

/** That a job has a volume: nobody else is to change it meanwhile. */
export interface Claim {
  /** The job's id. */
  readonly job: string
  /** Epoch milliseconds. A job at work puts this off in time, so what is past was left by one that is not. */
  readonly until: number
}

const TAG = 'cl-job'
const MINUTE_MS = 60_000

/**
 * A claim as a volume's tag. The id is in base 64 and the time in minutes, as name and tags together may be about
 * 200 bytes.
 */
export const claimTag = ({ job, until }: Claim): Tags => ({
  [TAG]: `${Buffer.from(job.replaceAll('-', ''), 'hex').toString('base64url')}.${Math.ceil(until / MINUTE_MS).toString(36)}`,
})

/** What takes a claim off again. */
export const noClaim: Tags = { [TAG]: '' }

/** The claim that a volume's tags tell of; undefined where none does, or one that we cannot have written. */
export function claimIn(tags: Tags | undefined): Claim | undefined {
  const [, id, minutes] = tags?.[TAG]?.match(/^([A-Za-z0-9_-]{22})\.([0-9a-z]{1,8})$/) ?? []
  if (id === undefined || minutes === undefined) return undefined
  const hex = Buffer.from(id, 'base64url').toString('hex')
  const job = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  return { job, until: Number.parseInt(minutes, 36) * MINUTE_MS }
}

/** Whether somebody else's claim counts: one whose end has passed is of a job that has long stopped putting it off. */
export const isTaken = (backend: Backend, claim: Claim | undefined, now = Date.now()): claim is Claim =>
  claim !== undefined && claim.job !== backend.claim?.job && claim.until > now

/**
 * For an operation that is about to change a volume it has read.
 *
 * @throws DriverError VolumeIsBusy, naming the job that has it.
 */
export function refuseTaken(
  backend: Backend,
  volume: { readonly name: string; readonly tags?: Tags | undefined },
): void {
  const claim = claimIn(volume.tags)
  if (isTaken(backend, claim)) throw takenBy(volume.name, claim)
}

export const takenBy = (name: string, { job }: Pick<Claim, 'job'>): DriverError =>
  new DriverError('VolumeIsBusy', `${name} is in use: job ${job} has it`, {
    remedy: `Wait until the job has ended or cancel it (POST /jobs/${job}/cancel), then repeat.`,
    details: { job },
  })
