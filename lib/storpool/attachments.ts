import * as z from 'zod'
import type { CallOptions, StorPool } from './client.ts'
import { Attachment, Ok, type VolumesReassignWaitDesc } from './schema.ts'

const Attachments = z.array(Attachment)

/** Milliseconds that an answer may take beyond the wait it was asked to make. */
const BEYOND_WAIT_MS = 5000

/**
 * Who has what attached, over all clients: the only truth about it. There is no way to ask about one volume.
 *
 *     GET ctrl/1.0/MultiCluster/AttachmentsList
 *
 * @see python-storpool 7.3.0, spapi.py `attachmentsList`
 */
export const attachmentsList = (storpool: StorPool): Promise<Attachment[]> =>
  storpool.get('AttachmentsList', [], Attachments)

/**
 * Attach and detach volumes and snapshots, and wait until the hosts have done so. Asking for what is so already is
 * no error. One item that detaches `all` and attaches one client takes a volume over, with nobody in between.
 *
 *     POST ctrl/1.0/MultiCluster/VolumesReassignWait
 *
 * @param desc `attachTimeout` in seconds: how long to wait for hosts that are away. Left out, StorPool waits without
 *   limit and the answer has 30 s. `force` takes a device from under a process that has it open.
 * @throws StorPoolApiError `objectDoesNotExist`: no such volume or snapshot. `isOpenAt`: a process has the device open.
 *   `isNoSuchClient`: no block service runs there. `invalidParam`: also when the client has no position left.
 * @see python-storpool 7.3.0, spapi.py `volumesReassignWait`, sptypes.py `VolumesReassignWaitDesc`
 */
export const volumesReassignWait = (
  storpool: StorPool,
  desc: VolumesReassignWaitDesc,
  options: CallOptions = {},
): Promise<Ok> =>
  storpool.post('VolumesReassignWait', [], desc, Ok, {
    ...(desc.attachTimeout === undefined ? {} : { timeoutMs: desc.attachTimeout * 1000 + BEYOND_WAIT_MS }),
    ...options,
  })
