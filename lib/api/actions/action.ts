import type * as z from 'zod'
import type { Rule } from '../../auth/policy.ts'
import { amend, begin } from '../../volumes/begin.ts'
import type { Amounts } from '../../volumes/quotas.ts'
import type { VolumeRecord, VolumeStatus } from '../../volumes/record.ts'
import { invalidVolume } from '../../volumes/refusal.ts'
import { fromZod } from '../errors.ts'
import type { Call } from '../route.ts'

type ByVersion<T> = T | ((version: number) => T)

/** What an action does, in one of three ways. */
type Doing<Body> =
  /** It takes the volume, and the operation of the action's name is carried out (`lib/volumes/operations.ts`). */
  | {
      /** The state meanwhile. */
      readonly working: VolumeStatus
      /** What the operation is given; else the body. */
      input?(body: Body): unknown
      /** What it will count beside what the volume counts already. */
      amounts?(volume: VolumeRecord, body: Body): Amounts
    }
  /** It changes the record alone, in one write. */
  | { amend(volume: VolumeRecord, body: Body, call: Call): VolumeRecord }
  /** It looks, or does what neither of the two can: its states are for its description, and checked by itself. */
  | { readonly working?: VolumeStatus; run(call: Call, id: string, body: Body): Promise<unknown> }

type Row<Body> = {
  readonly summary: string
  readonly rule: Rule
  readonly since?: number
  /** What stands beside the action's name. */
  readonly body: ByVersion<z.ZodType<Body>>
  readonly status: 200 | 202
  /** States that a volume may be in for it. Absent: any. */
  readonly allowed?: ByVersion<readonly VolumeStatus[]>
  /** Throws where something else about the volume is in the way. */
  check?(volume: VolumeRecord, body: Body, call: Call): void
  /** What is answered of the volume afterwards; absent: nothing. */
  answer?(volume: VolumeRecord, call: Call): unknown
} & Doing<Body>

/** A row of the table of actions, as its router and its description read it. */
export interface Action {
  readonly summary: string
  readonly rule: Rule
  readonly since: number
  readonly status: number
  bodyOf(version: number): z.ZodType
  /** Undefined: any state. */
  allowedAt(version: number): readonly VolumeStatus[] | undefined
  /** The state meanwhile, where there is one. */
  readonly working: VolumeStatus | undefined
  /** @param body as it came */
  perform(call: Call, name: string, body: unknown): Promise<unknown>
}

const at = <T>(one: ByVersion<T>, version: number): T =>
  // A schema is a function to nobody, and a list of states is none either.
  typeof one === 'function' ? (one as (version: number) => T)(version) : one

/** @throws ApiError 400: the volume is in no state for it. */
export function refuseState(
  name: string,
  volume: VolumeRecord,
  allowed: readonly VolumeStatus[] | undefined,
): void {
  if (allowed === undefined || allowed.includes(volume.status)) return
  throw invalidVolume(
    `Volume ${volume.id} status must be ${allowed.join(' or ')} for ${name}, but current status is: ${volume.status}.`,
  )
}

/** A row of the table of actions: what it says is all there is to add. */
export const action = <Body>(row: Row<Body>): Action => ({
  summary: row.summary,
  rule: row.rule,
  since: row.since ?? 0,
  status: row.status,
  working: 'working' in row ? row.working : undefined,
  bodyOf: (version) => at(row.body, version),
  allowedAt: (version) => (row.allowed === undefined ? undefined : at(row.allowed, version)),

  async perform(call, name, body) {
    const { storage, caller, version, path } = call
    const parsed = at(row.body, version).safeParse(body)
    if (!parsed.success) throw fromZod(parsed.error, body)
    const given = parsed.data
    const id = path.id ?? ''
    const check = (volume: VolumeRecord) => {
      refuseState(name, volume, row.allowed && at(row.allowed, version))
      row.check?.(volume, given, call)
    }
    if ('run' in row) return row.run(call, id, given)
    if ('amend' in row) {
      const volume = await amend(storage, caller, id, (now) => {
        check(now)
        return row.amend(now, given, call)
      })
      return row.answer?.(volume, call)
    }
    const volume = await begin(storage, caller, id, {
      action: name,
      input: row.input ? row.input(given) : given,
      working: row.working,
      check,
      amounts: (now) => row.amounts?.(now, given),
    })
    return volume && row.answer?.(volume, call)
  },
})
