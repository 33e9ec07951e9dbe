import type { BlockStorage } from '../block-storage.ts'

/** What was found that is not as it should be. */
export interface Finding {
  readonly kind: keyof typeof kinds
  /** Of what it is about: a volume, a snapshot, an attachment, a project. */
  readonly id: string
  readonly text: string
  /** Whether it is as it should be now. */
  readonly mended: boolean
}

/** All that is looked for. */
export const kinds = {
  work: 'a call or a job that had a record and did not end',
  attachment: 'an attachment that a call had and did not end',
  pointer: 'where an attachment is found, and it is not there',
  connection: 'a connection on the cluster that no attachment is of',
  unconnected: 'an attachment whose volume StorPool does not have attached there',
  holder: 'a host that has a volume and is not in the book of attachments',
  reservation: 'quota that is reserved for a call that is dead',
  quota: 'a project whose quota is not what its records add up to',
  link: 'a snapshot in a volume’s record that is not there',
  'no-record': 'an object on the cluster with our tags and without a record',
  'no-object': 'a record without its object on the cluster',
} as const

export interface Report {
  /** False: the time was up before everything was looked at. */
  readonly complete: boolean
  readonly volumes: number
  readonly snapshots: number
  /** How many there are of each kind, those that are not listed too. */
  readonly counts: Readonly<Partial<Record<Finding['kind'], number>>>
  readonly unmended: number
  readonly findings: readonly Finding[]
}

/** Findings that a report lists; the counts have all of them. */
const LISTED = 1_000

/** One reconciliation under way. */
export interface Looking {
  readonly storage: BlockStorage
  /** Whether objects on the cluster may be removed and connections ended; else they are told of. */
  readonly mend: boolean
  /** True when there is no time for more. */
  readonly isOver: () => boolean
  /** Waits so many milliseconds. @returns false: there is no time for that. */
  readonly pause: (ms: number) => Promise<boolean>
  readonly found: (finding: Finding) => void
}

/** Keeps what is found. */
export const collecting = () => {
  const findings: Finding[] = []
  const counts: Partial<Record<Finding['kind'], number>> = {}
  let unmended = 0
  return {
    found: (finding: Finding): void => {
      counts[finding.kind] = (counts[finding.kind] ?? 0) + 1
      if (!finding.mended) unmended += 1
      if (findings.length < LISTED) findings.push(finding)
    },
    result: () => ({ counts, unmended, findings }),
  }
}

/** Milliseconds after which what no record speaks of was left by a call that is dead. */
export const DEAD_MS = 600_000

export const isOlder = (storage: BlockStorage, since: string, ms: number): boolean =>
  Date.parse(storage.now()) - Date.parse(since) > ms
