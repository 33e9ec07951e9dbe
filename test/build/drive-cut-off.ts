import { v4 } from 'uuid'
import { jobRecords } from '../../lib/store/jobs.ts'
import { recordsOf } from '../../lib/store/records.ts'
import { openTable } from '../../lib/store/table.ts'
import { VolumeRecord } from '../../lib/volumes/record.ts'
import type { System } from '../../local/system.ts'
import { eventually } from '../local/harness.ts'
import type { Ask, Types } from './drive-storage.ts'

type Look = (ask: Ask, id: string) => Promise<unknown>

const nothing = { 'source-name': 'nothing' }

/** Ways to come upon a volume, each a function's. Of one that is gone by then, or in no state for it, it says so. */
const looks: readonly Look[] = [
  (ask, id) => ask('GET', `/volumes/${id}`, undefined, false),
  (ask, id) => ask('POST', `/volumes/${id}/action`, { 'os-show_image_metadata': null }, false),
  (ask, id) => ask('POST', '/snapshots', { snapshot: { volume_id: id, metadata: null } }, false),
  (ask, id) => ask('POST', '/attachments', { attachment: { volume_uuid: id } }, false),
  (ask, id) => ask('POST', '/manageable_snapshots', { snapshot: { volume_id: id, ref: nothing } }, false),
]

/**
 * Volumes on which somebody was cut off a while ago, in each way that asks for something else: the function that comes upon
 * one goes on with it, whichever it is.
 */
export const driveCutOff = async (ask: Ask, { service, url }: System, { second }: Types): Promise<void> => {
  const [table] = service.tables.values()
  const volumes = recordsOf(openTable(table?.name ?? ''), 'VOLUME', VolumeRecord)
  const since = new Date(0).toISOString()
  const now = () => new Date().toISOString()
  const jobs = jobRecords(openTable(table?.name ?? ''), now)

  const leave = async (id: string, next: (volume: VolumeRecord) => Partial<VolumeRecord>) => {
    const volume = await volumes.get(id)
    if (volume) await volumes.replace({ ...volume, ...next(volume) })
  }
  const leaveWork = (id: string, status: VolumeRecord['status'], action: string, input: object) => {
    const work = { id: v4(), action, input, since, from: 'available', reserved: true, requestId: 'req-cut' }
    return leave(id, () => ({ status, work }))
  }
  const isFree = (id: string) =>
    eventually(async () => {
      const { status, attachments } = (await ask('GET', `/volumes/${id}`)).volume
      return status === 'available' && attachments.length === 0
    })
  const snapshotOf = async (volume_id: string): Promise<string> =>
    (await ask('POST', '/snapshots', { snapshot: { volume_id } })).snapshot.id
  /** A reservation that a look has made itself. */
  const letGo = async (id: string) => {
    const { attachments } = await ask('GET', `/attachments?volume_id=${id}`)
    for (const one of attachments) await ask('DELETE', `/attachments/${one.id}`)
  }

  const made = async (): Promise<string> => (await ask('POST', '/volumes', { volume: { size: 1 } })).volume.id
  /** A volume of the cluster, under a name of its own, that is being taken under care. */
  const leaveManaged = async (id: string) => {
    const other = await made()
    await ask('POST', `/volumes/${other}/action`, { 'os-unmanage': null })
    const body = JSON.stringify({ volume: { id } })
    const headers = { 'content-type': 'application/json' }
    await fetch(`${url}/driver/delete_volume`, { method: 'POST', body, headers })
    await leave(id, () => ({ globalId: null }))
    await leaveWork(id, 'managing', 'manage', { ref: { 'source-name': `os--volume-${other}` } })
  }

  /** A volume that is being deleted and that a job has, which ends while somebody waits for that. */
  const leaveDeleting = async (id: string) => {
    const times = { createdAt: now(), queuedAt: now(), updatedAt: now() }
    const empty = { attempts: 0, steps: [], answers: {}, doneBytes: 0, totalBytes: 0, bytesPerSecond: 0 }
    const job = {
      id: v4(),
      kind: 'copy-image-to-volume',
      project: 'p',
      backend: 'default',
      hash: 'x',
      input: {},
    }
    await jobs.create({
      ...job,
      ...times,
      ...empty,
      status: 'running',
      cancelRequested: false,
      callbackId: 'x',
    })
    const instead = { action: 'create', input: {}, job: job.id }
    const input = { cascade: true }
    const work = { id: v4(), action: 'delete', input, since, from: 'downloading', reserved: false, instead }
    await leave(id, () => ({ status: 'deleting', work: { ...work, requestId: 'req-cut' } }))
    return job.id
  }
  /** Ends a job when it is asked to. */
  const endOnce = (job: string) =>
    eventually(async () => {
      if (!(await jobs.get(job))?.cancelRequested) return false
      return jobs.change(job, { status: 'cancelled' }, ['running'])
    })

  const goOn = async (look: Look) => {
    const id = await made()
    await leaveManaged(id)
    await look(ask, id)
    await letGo(id)
    await isFree(id)
    const connector = { host: 'host-1' }
    await ask('POST', '/attachments', { attachment: { volume_uuid: id, connector } })
    const work = { id: v4(), action: 'disconnect' as const, since, from: 'attached' as const }
    await leave(id, ({ attachments }) => ({
      attachments: Object.fromEntries(
        Object.entries(attachments).map(([key, one]) => [key, { ...one, status: 'detaching', work }]),
      ),
    }))
    await look(ask, id)
    await letGo(id)

    await leaveWork(id, 'retyping', 'os-retype', { type: second, policy: 'never' })
    await look(ask, id)
    await letGo(id)
    await leaveWork(id, 'reverting', 'revert', { snapshot_id: await snapshotOf(id) })
    await look(ask, id)
    await letGo(id)
    await leaveWork(id, 'maintenance', 'os-migrate_volume', { to: 'cinderless@second#default' })
    await look(ask, id)
    await look(ask, id)
    await letGo(id)
    await isFree(id)
    const job = await leaveDeleting(id)
    await Promise.all([look(ask, id), endOnce(job)])
    await ask('DELETE', `/volumes/${id}`, undefined, false)
  }
  await Promise.all(looks.map(goOn))
  // It sees to whatever there is, so it would leave nothing to the others.
  await goOn(() => fetch(`${url}/reconcile`, { method: 'POST' }))
}
