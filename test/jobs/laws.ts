import { randomUUID } from 'node:crypto'
import { JobDocument, type JobKind } from '../../lib/jobs/document.ts'
import type { JobRecord } from '../../lib/jobs/record.ts'
import { takeIn } from '../../lib/jobs/submit.ts'
import type { State } from '../../simulator/inspect.ts'
import { everything } from '../conformance/state.ts'
import { emptyTable } from '../support/table.ts'
import { ended, inTemplate, type System } from './cluster-jobs.ts'

/** A job as the laws see it. */
export interface Case {
  readonly kind: JobKind
  readonly input: object
  /** The call that is not undone: a failure after it leaves what success leaves. */
  readonly stays?: string
  /** Its volume may have no snapshots. */
  readonly isBare?: boolean
}

const volume = { id: 'v' }
const ssd = { extra_specs: { storpool_template: 'ssd', iops: '100', qc: 'gold' } }
const clone = (more: object) => ({ volume: { id: 'c', size: 2 }, src_vref: volume, ...more })

/** Every job that needs only the cluster, each the longest way round. */
export const cases: Readonly<Record<string, Case>> = {
  'clone-volume': {
    kind: 'clone-volume',
    input: clone({ wait: 'independent', volume: { id: 'c', size: 2, ...inTemplate('ssd') } }),
  },
  'clone-volume to another cluster': {
    kind: 'clone-volume',
    input: clone({ cluster: 'beta', volume: { id: 'c', size: 2, ...inTemplate('ssd', { qc: 'gold' }) } }),
  },
  'retype-volume': { kind: 'retype-volume', input: { volume, new_type: ssd } },
  'revert-volume': { kind: 'revert-volume', input: { volume, snapshot: { id: 's' } }, stays: 'VolumeRevert' },
  'migrate-volume': { kind: 'migrate-volume', input: { volume, cluster: 'beta' }, isBare: true },
}

/** A cluster as new, with a volume of certain limits that has grown since its snapshot, and an empty table. */
export const prepare = async ({ cluster, invoke }: System, { isBare = false }: Case): Promise<void> => {
  cluster.simulator.reset({ all: true })
  await emptyTable(cluster.table)
  await invoke('create_volume', { volume: { ...volume, size: 1, ...inTemplate('hdd', { iops: '500' }) } })
  if (!isBare) await invoke('create_snapshot', { snapshot: { id: 's', volume_id: 'v' } })
  await invoke('extend_volume', { volume, new_size: 2 })
  cluster.simulator.reset()
}

const id = randomUUID()

/** The job, always under one id, as names and tags tell of it. */
export const submit = async (system: System, { kind, input }: Case): Promise<JobDocument> => {
  const document = JobDocument.parse({ id, kind, version: 1, project: 'p', backend: 'default', input })
  await takeIn({ jobs: system.records, now: () => new Date().toISOString() }, document)
  return document
}

export const run = async (system: System, one: Case): Promise<JobRecord> =>
  ended(system, await submit(system, one))

/** What there is, but for hidden snapshots that the cluster makes and removes by itself. */
export const left = async (system: System) => {
  const { cluster, table } = await everything(system.cluster)
  const hidden = new Map(
    cluster.snapshots.flatMap(({ name, transient, parent }) =>
      transient ? [[name, String(parent)] as const] : [],
    ),
  )
  const visible = (parent: string): string => {
    const above = hidden.get(parent)
    return above === undefined ? parent : visible(above)
  }
  const shown = (list: State['volumes']) =>
    list
      .filter(({ name }) => !hidden.has(name))
      .map((one) => ({ ...one, parent: visible(String(one.parent)) }))
  return {
    volumes: shown(cluster.volumes),
    snapshots: shown(cluster.snapshots),
    attachments: cluster.attachments,
    table,
  }
}

/** What one job does where nothing goes wrong: before it, after it, and its calls. */
export const whole = async (system: System, one: Case) => {
  await prepare(system, one)
  const before = await left(system)
  const record = await run(system, one)
  if (record.status !== 'succeeded') throw new Error(`${one.kind}: ${record.error?.message}`)
  const calls = system.cluster.simulator.calls.map(({ call, method }) => ({ call, method }))
  return { before, after: await left(system), calls, record }
}
export type Whole = Awaited<ReturnType<typeof whole>>
