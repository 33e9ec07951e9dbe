import * as z from 'zod'
import type { CallOptions, StorPool } from './client.ts'
import { Attachment, Ok } from './schema/answers.ts'
import type { VolumesReassignWaitDesc } from './schema/asked.ts'

const Attachments = z.array(Attachment)

/** Milliseconds that an answer may take beyond the wait it was asked to make. */
const BEYOND_WAIT_MS = 5000

/** Seconds to wait for hosts that are away, where there is time. */
const WAIT_SECONDS = 10

/** Milliseconds of the deadline that a wait leaves for what comes after it. */
const LEFT_AFTER_WAIT_MS = 2000

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
 * @param desc `attachTimeout` in seconds: how long to wait for hosts that are away. Left out, it is 10, or what the
 *   deadline leaves: StorPool itself would wait without limit. `force` takes a device from under a process that has it open.
 * @throws StorPoolApiError `objectDoesNotExist`: no such volume or snapshot. `isOpenAt`: a process has the device open.
 *   `isNoSuchClient`: no block service runs there. `invalidParam`: also when the client has no position left.
 * @see python-storpool 7.3.0, spapi.py `volumesReassignWait`, sptypes.py `VolumesReassignWaitDesc`
 */
export const volumesReassignWait = (
  storpool: StorPool,
  desc: VolumesReassignWaitDesc,
  options: CallOptions = {},
): Promise<Ok> => {
  const attachTimeout = desc.attachTimeout ?? waitWithin(storpool.deadline)
  return storpool.post('VolumesReassignWait', [], { ...desc, attachTimeout }, Ok, {
    timeoutMs: attachTimeout * 1000 + BEYOND_WAIT_MS,
    ...options,
  })
}

/** Seconds for hosts that are away: at least one, and time to hear the answer. */
const waitWithin = (deadlineMs: number): number =>
  Math.max(1, Math.min(WAIT_SECONDS, Math.floor((deadlineMs - Date.now() - LEFT_AFTER_WAIT_MS) / 1000)))
