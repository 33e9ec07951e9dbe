import * as z from 'zod'
import type { CallOptions, StorPool } from './client.ts'
import { Disk } from './schema/site.ts'

const Disks = z.record(z.string(), Disk)

/**
 * All disks by their id. One that is down says little more than that: `generationLeft` is -1 when it is up.
 *
 *     GET ctrl/1.0/DisksList
 *
 * @see python-storpool 7.3.0, spapi.py `disksList`, sptypes.py `DiskSummary`
 */
export const disksList = (storpool: StorPool, options?: CallOptions): Promise<Record<string, Disk>> =>
  storpool.get('DisksList', [], Disks, options)
