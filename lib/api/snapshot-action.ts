import * as z from 'zod'
import { mayAct } from '../auth/caller.ts'
import { policy, type Rule } from '../auth/policy.ts'
import type { SnapshotRecord, SnapshotStatus } from '../volumes/record.ts'
import { ApiError, badRequest } from '../volumes/refusal.ts'
import { amendSnapshot, letGoOfSnapshot } from '../volumes/snapshots.ts'
import { fromZod } from './errors.ts'
import { type Call, type Route, route } from './route.ts'

interface SnapshotAction {
  readonly rule: Rule
  readonly summary: string
  perform(call: Call, id: string, body: unknown): Promise<unknown>
}

const action = <Body>(
  row: Omit<SnapshotAction, 'perform'> & {
    readonly body: z.ZodType<Body>
    run(call: Call, id: string, body: Body): Promise<unknown>
  },
): SnapshotAction => ({
  ...row,
  perform(call, id, body) {
    const parsed = row.body.safeParse(body)
    if (!parsed.success) throw fromZod(parsed.error, body)
    return row.run(call, id, parsed.data)
  },
})

/** Whoever works on it finds that it is not theirs any more. */
const marked = (snapshot: SnapshotRecord, status: SnapshotStatus): SnapshotRecord => ({
  ...snapshot,
  status,
  work: null,
})

const resetStatus = action({
  rule: 'snapshot:reset_status',
  summary: 'Say what state a snapshot is in, whatever it is on the cluster',
  body: z.strictObject({
    status: z.enum(['available', 'creating', 'deleting', 'error', 'error_deleting']),
  }),
  run: ({ storage, caller }, id, { status }) =>
    amendSnapshot(storage, caller, id, (now) => marked(now, status)),
})

const Progress = z
  .string('must be text')
  .regex(/^(100|[0-9]{1,2})%$/, 'progress must be an integer percentage')

/** Which states may be said of a snapshot that is in one of these. */
const next: Readonly<Record<string, readonly SnapshotStatus[]>> = {
  creating: ['creating', 'available', 'error'],
  deleting: ['deleting', 'error_deleting'],
}

/** @see cinder/api/contrib/snapshot_actions.py */
const updateStatus = action({
  rule: 'snapshot:status',
  summary: 'Say how far a snapshot is that a host takes part in',
  body: z.strictObject({
    status: z.enum(['creating', 'available', 'error', 'deleting', 'error_deleting']),
    progress: Progress.nullish(),
  }),
  run: ({ storage, caller }, id, { status, progress }) =>
    amendSnapshot(storage, caller, id, (now) => {
      const allowed = next[now.status]
      if (allowed === undefined) {
        throw badRequest(`Snapshot status ${now.status} not allowed for update_snapshot_status`)
      }
      if (!allowed.includes(status)) {
        throw badRequest(
          `Provided snapshot status ${status} not allowed for snapshot with status ${now.status}.`,
        )
      }
      return { ...marked(now, status), ...(progress && { progress }) }
    }),
})

const forceDelete = action({
  rule: 'snapshot:force_delete',
  summary: 'Delete a snapshot in any state',
  body: z.unknown(),
  run: ({ storage, caller }, id) =>
    letGoOfSnapshot(storage, caller, id, { action: 'delete', working: 'deleting', force: true }),
})

const unmanage = action({
  rule: 'snapshot:unmanage',
  summary: 'Forget a snapshot, which stays on the cluster',
  body: z.unknown(),
  run: ({ storage, caller }, id) =>
    letGoOfSnapshot(storage, caller, id, { action: 'os-unmanage', working: 'unmanaging' }),
})

/** Every action on a snapshot. */
export const snapshotActions: ReadonlyMap<string, SnapshotAction> = new Map([
  ['os-reset_status', resetStatus],
  ['os-update_snapshot_status', updateStatus],
  ['os-force_delete', forceDelete],
  ['os-unmanage', unmanage],
])

const act = route({
  method: 'POST',
  path: 'snapshots/{id}/action',
  summary: 'Do something with a snapshot',
  // Each action has a rule of its own.
  rule: 'snapshot:get',
  status: 202,
  body: z.record(z.string(), z.unknown()),
  async run(call) {
    const name = Object.keys(call.body).join(', ').slice(0, 100)
    const row = snapshotActions.get(name)
    if (row === undefined) {
      throw badRequest(
        `There is no such action: ${name}. Verify the request body and Content-Type header and try again.`,
      )
    }
    if (!mayAct(call.caller, policy[row.rule])) {
      throw new ApiError(403, `Policy doesn't allow ${row.rule} to be performed.`)
    }
    await row.perform(call, call.path.id ?? '', call.body[name])
    return undefined
  },
})

export const snapshotActionRoutes: readonly Route[] = [act]
