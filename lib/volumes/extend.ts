import * as z from 'zod'
import { extendVolume } from '../driver/extend-volume.ts'
import { knownVolume } from './driver-model.ts'
import type { Operation } from './operation.ts'

const Input = z.object({ new_size: z.int() })

export const extending: Operation = {
  doing: 'extend volume',
  onFailure: 'error_extending',
  async run(storage, volume, input) {
    const { new_size } = Input.parse(input)
    await extendVolume(await storage.backend(volume.host), { volume: knownVolume(volume), new_size })
    return { done: { size: new_size } }
  },
}
