import { CreateClonedVolume, createClonedVolume } from '../../lib/driver/create-cloned-volume.ts'
import { operation } from '../../lib/lambda/operation.ts'

export const handler = operation(CreateClonedVolume, createClonedVolume)
