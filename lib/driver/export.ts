import * as z from 'zod'
import { Connector, KnownVolume } from './model.ts'

export const Export = z.strictObject({ volume: KnownVolume, connector: Connector.nullish() })
export type Export = z.infer<typeof Export>

/**
 * Exporting is Cinder's word for making a volume reachable over a network. A StorPool volume is reachable by every
 * host of the cluster as soon as it is attached there, so create_export, ensure_export and remove_export have
 * nothing to do. This is the one place that says so.
 *
 * @see cinder/volume/drivers/storpool.py create_export, ensure_export, remove_export
 */
export const exportNothing = async (): Promise<void> => undefined
