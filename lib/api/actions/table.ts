import type { Action } from './action.ts'
import {
  attach,
  beginDetaching,
  detach,
  forceDetach,
  initializeConnection,
  reserve,
  rollDetaching,
  terminateConnection,
  unreserveAction,
} from './attach.ts'
import { extend } from './extend.ts'
import { extendCompletion } from './extend-completion.ts'
import { setBootable, updateReadonlyFlag } from './flags.ts'
import { forceDelete } from './force-delete.ts'
import { setImageMetadata, showImageMetadata, unsetImageMetadata } from './image-metadata.ts'
import { migrate, migrateCompletion } from './migrate.ts'
import { reimage } from './reimage.ts'
import { resetStatus } from './reset-status.ts'
import { retype } from './retype.ts'
import { revert } from './revert.ts'
import { unmanage } from './unmanage.ts'
import { uploadImage } from './upload-image.ts'

/** Every action on a volume: body, role, allowed states, state meanwhile, operation, answer. */
export const volumeActions: Readonly<Record<string, Action>> = {
  'os-extend': extend,
  'os-extend_volume_completion': extendCompletion,
  'os-retype': retype,
  'os-migrate_volume': migrate,
  'os-migrate_volume_completion': migrateCompletion,
  'os-reset_status': resetStatus,
  'os-force_delete': forceDelete,
  'os-unmanage': unmanage,
  'os-volume_upload_image': uploadImage,
  'os-reimage': reimage,
  revert,
  'os-set_bootable': setBootable,
  'os-update_readonly_flag': updateReadonlyFlag,
  'os-set_image_metadata': setImageMetadata,
  'os-show_image_metadata': showImageMetadata,
  'os-unset_image_metadata': unsetImageMetadata,
  'os-reserve': reserve,
  'os-unreserve': unreserveAction,
  'os-attach': attach,
  'os-begin_detaching': beginDetaching,
  'os-roll_detaching': rollDetaching,
  'os-detach': detach,
  'os-force_detach': forceDetach,
  'os-initialize_connection': initializeConnection,
  'os-terminate_connection': terminateConnection,
}
