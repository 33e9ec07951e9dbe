import * as z from 'zod'
import { begin } from '../../volumes/begin.ts'
import { findVolume } from '../../volumes/find.ts'
import type { VolumeRecord } from '../../volumes/record.ts'
import { badRequest } from '../../volumes/refusal.ts'
import { typeOf } from '../../volumes/types.ts'
import { ImageFormat, newImage, removeImage } from '../../volumes/upload.ts'
import type { UploadedImage } from '../answers/actions.ts'
import { Bool } from '../fields.ts'
import { timeOf } from '../views/time.ts'
import { typeView } from '../views/type.ts'
import { action, refuseState } from './action.ts'
import { refuseMigrating } from './migrate.ts'

const formats = ['raw', 'vmdk', 'vdi', 'qcow2', 'vhd', 'vhdx', 'ploop'] as const
/** The first version in which who may see the image can be said. */
const SEEN_BY = 1

const Unread = z.unknown().transform((): undefined => undefined)
const Visibility = z.enum(['community', 'public', 'private', 'shared'])

const Body = (version: number) =>
  z.looseObject({
    image_name: z.string('is not text').min(1, 'is empty').max(255, 'is too long'),
    force: Bool.nullish(),
    disk_format: z.enum(formats, `is none of ${formats.join(', ')}`).nullish(),
    container_format: z.string().max(255).nullish(),
    visibility: version < SEEN_BY ? Unread.optional() : Visibility.nullish(),
    protected: version < SEEN_BY ? Unread.optional() : Bool.nullish(),
  })

const check = (volume: VolumeRecord, force: boolean) => {
  refuseState('os-volume_upload_image', volume, force ? ['available', 'in-use'] : ['available'])
  refuseMigrating(volume)
}

/** Formats that are known, and not all written here. @throws ApiError 400 */
const formatOf = (disk: string, container: string) => {
  const format = ImageFormat.safeParse(disk)
  if (!format.success) {
    throw badRequest(
      `Invalid image: a volume is uploaded as ${ImageFormat.options.join(' or ')}, not ${disk}.`,
    )
  }
  if (container !== 'bare')
    throw badRequest(`Invalid image: a volume is uploaded in a container bare, not ${container}.`)
  return format.data
}

/** @see cinder/api/contrib/volume_actions.py _volume_upload_image */
export const uploadImage = action({
  summary: 'Make an image of a volume',
  rule: 'volume:upload',
  body: Body,
  status: 202,
  allowed: ['available', 'in-use'],
  working: 'uploading',
  async run({ storage, caller, version }, id, body): Promise<UploadedImage> {
    const force = body.force === true
    const format = formatOf(body.disk_format ?? 'raw', body.container_format ?? 'bare')
    const volume = await findVolume(storage, caller, id)
    check(volume, force)
    const asked = {
      ...{ name: body.image_name, format },
      visibility: body.visibility ?? (version < SEEN_BY ? undefined : 'private'),
      isProtected: body.protected ?? undefined,
    }
    const image = await newImage(storage, volume, asked, caller.token)
    const begun = await begin(storage, caller, id, {
      action: 'os-volume_upload_image',
      input: { imageId: image.id, format },
      working: 'uploading',
      check: (now) => check(now, force),
    }).catch(async (error: unknown) => {
      await removeImage(storage, image.id)
      throw error
    })
    return {
      'os-volume_upload_image': {
        id,
        updated_at: timeOf(begun?.updatedAt ?? volume.updatedAt),
        status: 'uploading',
        display_description: volume.description,
        size: volume.size,
        volume_type: typeView(caller, await typeOf(storage, volume.typeId)),
        image_id: image.id,
        container_format: 'bare',
        disk_format: format,
        image_name: body.image_name,
        ...(image.visibility !== undefined && { visibility: image.visibility }),
        ...(image.protected !== undefined && { protected: image.protected }),
      },
    }
  },
})
