import { reconcile } from '../../lib/volumes/reconcile/reconcile.ts'
import { type BlockStorageSystem, newest, startBlockStorage } from './block-storage.ts'

/** Nothing was found. */
export const well = { complete: true, unmended: 0, counts: {}, findings: [] }

/** A system whose records are looked through. */
export const startReconciling = async () => {
  const system = await startBlockStorage()
  return Object.assign(system, around(system))
}
export type Reconciling = Awaited<ReturnType<typeof startReconciling>>

const around = (system: BlockStorageSystem) => {
  /** By a clock that is so many minutes ahead, which takes no time to wait. */
  const later = async ({ mend = false, minutes = 11, backend = system.storage().backend } = {}) => {
    const now = () => new Date(Date.now() + minutes * 60_000).toISOString()
    const storage = { ...system.storage(), now, backend }
    return reconcile(storage, { mend, isOver: () => false, pause: async () => true })
  }
  const record = async (id: string) => {
    const volume = await system.storage().volumes.get(id)
    if (volume === undefined) throw new Error('the volume is there')
    return volume
  }
  return {
    later,
    record,
    change: async (id: string, changes: object) =>
      system.storage().volumes.replace({ ...(await record(id)), ...changes }),
    /** Remove every volume, whatever state a test has left it in. */
    empty: async () => {
      const { body } = await system.call('GET', '/volumes/detail', undefined, newest)
      for (const { id } of body.volumes)
        await system.act(id, { 'os-reset_status': { status: 'available', attach_status: 'detached' } })
      await later({ mend: true })
      for (const { id } of body.volumes) {
        await system.act(id, { 'os-terminate_connection': { connector: null } })
        await system.call('DELETE', `/volumes/${id}`)
      }
    },
  }
}
