import { deleting } from './delete.ts'
import { extending } from './extend.ts'
import { creating } from './make.ts'
import { managing } from './managing.ts'
import { migrating } from './migrate.ts'
import type { Operation } from './operation.ts'
import { reimaging } from './reimage.ts'
import { retyping } from './retype.ts'
import { reverting } from './revert.ts'
import { unmanaging } from './unmanage.ts'
import { uploading } from './upload.ts'

/** Every operation that a volume's record may say is to be done, by the name in its `work`. */
export const operations: Readonly<Record<string, Operation>> = {
  create: creating,
  delete: deleting,
  manage: managing,
  'os-extend': extending,
  'os-force_delete': deleting,
  'os-migrate_volume': migrating,
  'os-reimage': reimaging,
  'os-retype': retyping,
  'os-unmanage': unmanaging,
  'os-volume_upload_image': uploading,
  revert: reverting,
}
