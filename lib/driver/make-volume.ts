import { DriverError } from '../errors.ts'
import { isAmbiguous, isRefusal } from '../storpool/errors.ts'
import type { VolumeSummary } from '../storpool/schema/answers.ts'
import type { VolumeCreateDesc } from '../storpool/schema/asked.ts'
import { volumeCreate, volumeSummary } from '../storpool/volumes.ts'
import type { Backend } from './backend.ts'
import type { ModelUpdate } from './model.ts'
import { lookAfter, orAbsent } from './settle.ts'

/**
 * Send one VolumeCreate and answer with the volume's global id. Where the name is taken, or the answer was
 * lost, one read decides: a volume that passes `isOurs` and has the asked size is the one we meant to make.
 *
 * @param desc with a name: it is what makes the call repeatable.
 * @throws DriverError VolumeExists: the name belongs to something else, which stays untouched.
 */
export async function makeVolume(
  backend: Backend,
  desc: VolumeCreateDesc & { name: string; size: number },
  isOurs: (there: VolumeSummary) => boolean,
): Promise<ModelUpdate> {
  const look = () => orAbsent(volumeSummary(backend.storpool, desc.name))
  try {
    const { globalId } = await volumeCreate(backend.storpool, desc)
    return { provider_location: globalId ?? (await volumeSummary(backend.storpool, desc.name)).globalId }
  } catch (error) {
    const taken = isRefusal(error, 'objectExists')
    if (!taken && !isAmbiguous(error)) throw error
    const there = await lookAfter(error, look)
    if (there === undefined && !taken) throw error
    const found = differs(desc, there, isOurs)
    if (there === undefined || found !== undefined) {
      throw new DriverError('VolumeExists', `${desc.name} is there already: ${found}`, {
        cause: error,
        remedy: 'Use another id, or delete what has this name.',
      })
    }
    return { provider_location: there.globalId }
  }
}

const differs = (
  desc: VolumeCreateDesc,
  there: VolumeSummary | undefined,
  isOurs: (there: VolumeSummary) => boolean,
): string | undefined => {
  if (there === undefined) return 'the name belongs to something that is not a volume'
  if (there.size !== desc.size) return `it has ${there.size} bytes, not ${desc.size}`
  if (desc.template !== undefined && there.templateName !== desc.template) {
    return `it uses the template ${there.templateName || 'none'}, not ${desc.template}`
  }
  return isOurs(there) ? undefined : 'it was made from something else, or for another id'
}

/** StorPool does not know the template that was asked for. */
export const unknownTemplate = (template: string | undefined, cause: unknown): DriverError =>
  new DriverError('InvalidInput', `StorPool has no template ${template ?? '(none was asked for)'}`, {
    cause,
    remedy:
      "Name one of the cluster's templates in the volume type's storpool_template, or in STORPOOL_TEMPLATE.",
  })
