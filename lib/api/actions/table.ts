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
import { setBootable, updateReadonlyFlag } from './flags.ts'
import { forceDelete } from './force-delete.ts'
import { setImageMetadata, showImageMetadata, unsetImageMetadata } from './image-metadata.ts'
import { resetStatus } from './reset-status.ts'

/** Every action on a volume: body, role, allowed states, state meanwhile, operation, answer. */
export const volumeActions: Readonly<Record<string, Action>> = {
  'os-extend': extend,
  'os-reset_status': resetStatus,
  'os-force_delete': forceDelete,
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
