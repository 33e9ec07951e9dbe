import { DriverError } from '../errors.ts'
import { clustersList, volumeMoveToRemote } from '../storpool/clusters.ts'
import { isAmbiguous, isRefusal } from '../storpool/errors.ts'
import type { VolumeSummary } from '../storpool/schema/answers.ts'
import { volumeTemplatesList } from '../storpool/templates.ts'
import { volumeSummary } from '../storpool/volumes.ts'
import type { Backend } from './backend.ts'
import { busy } from './holders.ts'
import { unknownTemplate } from './make-volume.ts'
import { clusterOf } from './manage-existing-snapshot.ts'
import { lookAfter, orAbsent } from './settle.ts'

/** An object, and the cluster of the location that owns it. */
interface Owned {
  readonly name: string
  readonly clusterName?: string | undefined
  readonly clusterId?: string | undefined
}

/**
 * See before anything is changed that a volume can live on another cluster of the location.
 *
 * @throws DriverError NotSupported: the installation has no other clusters. InvalidInput: no such cluster beside this
 *   one, or no such template there.
 */
export async function refuseUnreachable(
  { storpool }: Backend,
  from: Owned,
  cluster: string,
  template: string | undefined,
): Promise<void> {
  if (from.clusterName === undefined) {
    throw new DriverError('NotSupported', `${from.name} is on a cluster that has no others beside it`, {
      remedy: 'Leave the cluster out.',
    })
  }
  const { clusters } = await clustersList(storpool, clusterOf(from))
  const names = clusters.map(({ name }) => name)
  if (!names.includes(cluster)) {
    throw new DriverError(
      'InvalidInput',
      `no cluster ${cluster} beside ${from.clusterName} in its location`,
      {
        remedy: `Name one of: ${[from.clusterName, ...names].join(', ')}.`,
      },
    )
  }
  if (!template) return
  const there = await volumeTemplatesList(storpool, { cluster })
  if (!there.some(({ name }) => name === template))
    throw unknownTemplate(`${template} on ${cluster}`, undefined)
}

/**
 * Let another cluster of the location own a volume: name, global id and tags stay, and the data follows. Run again, it
 * is there already. Nobody is detached.
 *
 * @throws DriverError VolumeNotFound. VolumeIsBusy, naming who has it attached. VolumeExists: its name is taken there.
 */
export async function moveVolume(
  backend: Backend,
  globalId: string,
  cluster: string,
): Promise<VolumeSummary> {
  const ref = `~${globalId}`
  const look = () => orAbsent(volumeSummary(backend.storpool, ref))
  const there = await look()
  if (there === undefined) throw new DriverError('VolumeNotFound', `no volume ${ref} on the cluster`)
  if (there.clusterName === cluster) return there
  try {
    await volumeMoveToRemote(backend.storpool, ref, { cluster, onAttached: 'fail' }, clusterOf(there))
  } catch (error) {
    if (isRefusal(error, 'busy')) throw await busy(backend, 'VolumeIsBusy', there, error)
    if (isRefusal(error, 'objectExists')) {
      throw new DriverError('VolumeExists', `${there.name} is there already on ${cluster}`, { cause: error })
    }
    if (!isAmbiguous(error)) throw error
    if ((await lookAfter(error, look))?.clusterName !== cluster) throw error
  }
  const after = await look()
  if (after?.clusterName === cluster) return after
  throw new DriverError('OutcomeUnknown', `${there.name} is not on ${cluster} yet`, { remedy: 'Repeat it.' })
}
