import { isRefusal } from '../storpool/errors.ts'
import type { VolumeSummary } from '../storpool/schema/answers.ts'
import { GiB } from '../units.ts'
import { type Backend, volumeName } from './backend.ts'
import { claimTag } from './claim.ts'
import { makeVolume, unknownTemplate } from './make-volume.ts'
import type { ModelUpdate, Volume } from './model.ts'
import { templateOf } from './placement.ts'
import { policyOf } from './policy.ts'
import { contradicts, tagsOf } from './tags.ts'

/** What a volume begins with the data of. */
export interface Source {
  /** Its Cinder id: the new volume's tag names it. */
  readonly id: string
  readonly desc: { readonly parent: string } | { readonly baseOn: string }
  /** Whether a volume of this name that bears none of our tags was made from this source. */
  readonly madeUntagged: (there: VolumeSummary) => boolean
  /** The error, where StorPool knows the template but not the source. */
  readonly missing: (cause: unknown) => Promise<Error | undefined>
}

/**
 * Make a volume that begins with a source's data, in one call: the new volume's own type decides its template and
 * limits, and without a template it stays in the source's.
 */
export async function makeCopy(backend: Backend, volume: Volume, source: Source): Promise<ModelUpdate> {
  const template = templateOf(backend, volume.volume_type)
  const { tags, ...limits } = policyOf(volume.volume_type)
  const ours = { id: volume.id, from: source.id, project: volume.project_id }
  try {
    return await makeVolume(
      backend,
      {
        name: volumeName(backend, volume.id),
        size: volume.size * GiB,
        ...source.desc,
        ...(template === undefined ? {} : { template }),
        ...limits,
        tags: { ...tagsOf(ours), ...tags, ...(backend.claim && claimTag(backend.claim)) },
      },
      (there) =>
        there.tags?.['cl-id'] === undefined ? source.madeUntagged(there) : !contradicts(there.tags, ours),
    )
  } catch (error) {
    if (!isRefusal(error, 'objectDoesNotExist')) throw error
    throw (await source.missing(error)) ?? unknownTemplate(template, error)
  }
}
