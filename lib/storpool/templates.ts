import * as z from 'zod'
import type { CallOptions, StorPool } from './client.ts'
import { Template, TemplateStatus } from './schema/site.ts'

const Templates = z.array(Template)
const TemplateStatuses = z.array(TemplateStatus)

/**
 * All templates, as they were set.
 *
 *     GET ctrl/1.0/VolumeTemplatesList
 *
 * @see python-storpool 7.3.0, spapi.py `volumeTemplatesList`, sptypes.py `VolumeTemplateDesc`
 */
export const volumeTemplatesList = (storpool: StorPool, options?: CallOptions): Promise<Template[]> =>
  storpool.get('VolumeTemplatesList', [], Templates, options)

/**
 * How full each template is.
 *
 *     GET ctrl/1.0/VolumeTemplatesStatus
 *
 * @returns bytes. `stored.free` and `stored.capacity` are what clients can write, copies accounted for. Templates on
 *   the same disks show the same bytes: never add them up.
 * @see python-storpool 7.3.0, spapi.py `volumeTemplatesStatus`, sptypes.py `VolumeTemplateStatusDesc`
 */
export const volumeTemplatesStatus = (storpool: StorPool, options?: CallOptions): Promise<TemplateStatus[]> =>
  storpool.get('VolumeTemplatesStatus', [], TemplateStatuses, options)
