import { unmanage } from '../driver/unmanage.ts'
import { knownVolume } from './driver-model.ts'
import type { Operation } from './operation.ts'
import { volumeAmounts } from './quotas.ts'

/** The volume stays on the cluster, and nobody here knows of it any more. */
export const unmanaging: Operation = {
  doing: 'unmanage volume',
  async run(storage, volume) {
    if (volume.host !== '') {
      await unmanage(await storage.backend(volume.host), { volume: knownVolume(volume) })
    }
    return { gone: true, freed: volumeAmounts(volume.size, volume.typeId) }
  },
}
