import type * as z from 'zod'
import { CheckForSetupError, checkForSetupError } from '../../lib/driver/check-for-setup-error.ts'
import { CreateSnapshot, createSnapshot } from '../../lib/driver/create-snapshot.ts'
import { CreateVolume, createVolume } from '../../lib/driver/create-volume.ts'
import {
  CreateVolumeFromSnapshot,
  createVolumeFromSnapshot,
} from '../../lib/driver/create-volume-from-snapshot.ts'
import { DeleteSnapshot, deleteSnapshot } from '../../lib/driver/delete-snapshot.ts'
import { DeleteVolume, deleteVolume } from '../../lib/driver/delete-volume.ts'
import { GetPool, getPool } from '../../lib/driver/get-pool.ts'
import { GetVolumeStats, getVolumeStats } from '../../lib/driver/get-volume-stats.ts'
import { InitializeConnection, initializeConnection } from '../../lib/driver/initialize-connection.ts'
import { TerminateConnection, terminateConnection } from '../../lib/driver/terminate-connection.ts'
import type { Cluster } from '../support/cluster.ts'
import { aVolume, copyId, snapshotId, volumeId } from '../support/makers.ts'

/** One operation as the laws see it: how a cluster comes to be ready for it, and one call of it. */
export interface Operation {
  readonly given: (cluster: Cluster) => Promise<unknown>
  readonly run: (cluster: Cluster) => Promise<unknown>
}

const volume = aVolume()
const snapshot = { id: snapshotId, volume_id: volumeId }
const known = { volume: { id: volumeId } }
const connector = { host: 'host-1' }

const nothing = async () => undefined
const withVolume = (cluster: Cluster) => createVolume(cluster.backend, { volume })
const withSnapshot = async (cluster: Cluster) => {
  await withVolume(cluster)
  await createSnapshot(cluster.backend, { snapshot })
}
const withConnection = async (cluster: Cluster) => {
  await withVolume(cluster)
  await initializeConnection(cluster.backend, InitializeConnection.parse({ ...known, connector }))
}

const operation = <Schema extends z.ZodType>(
  Input: Schema,
  run: (backend: Cluster['backend'], input: z.output<Schema>) => Promise<unknown>,
  input: z.input<Schema>,
  given: Operation['given'] = nothing,
): Operation => ({ given, run: (cluster) => run(cluster.backend, Input.parse(input)) })

/** Every driver operation. The laws in this folder hold for each; a new operation is a line here. */
export const operations: Readonly<Record<string, Operation>> = {
  check_for_setup_error: operation(CheckForSetupError, checkForSetupError, {}),
  create_volume: operation(CreateVolume, createVolume, { volume }),
  delete_volume: operation(DeleteVolume, deleteVolume, known, withVolume),
  create_snapshot: operation(CreateSnapshot, createSnapshot, { snapshot }, withVolume),
  delete_snapshot: operation(DeleteSnapshot, deleteSnapshot, { snapshot }, withSnapshot),
  create_volume_from_snapshot: operation(
    CreateVolumeFromSnapshot,
    createVolumeFromSnapshot,
    { volume: { id: copyId, size: 2 }, snapshot },
    withSnapshot,
  ),
  initialize_connection: operation(
    InitializeConnection,
    initializeConnection,
    { ...known, connector },
    withVolume,
  ),
  'initialize_connection, exclusive': operation(
    InitializeConnection,
    initializeConnection,
    { ...known, connector: { host: 'host-2' }, exclusive: true },
    withConnection,
  ),
  terminate_connection: operation(
    TerminateConnection,
    terminateConnection,
    { ...known, connector },
    withConnection,
  ),
  'terminate_connection, all': operation(TerminateConnection, terminateConnection, known, withConnection),
  get_volume_stats: operation(GetVolumeStats, getVolumeStats, {}, withVolume),
  get_pool: operation(GetPool, getPool, known, withVolume),
}
