import { mkdirSync } from 'node:fs'
import type { UploadVolume } from '../../lib/agent/tasks.ts'
import { attachment, clientId, globalId, type Host } from './support.ts'

/** Settings that name a folder of this host as a store. */
export const shelf = (host: Host) => {
  mkdirSync(host.at('shelf'), { recursive: true })
  return { stores: { shelf: { kind: 'folder', path: host.at('shelf') } } }
}

export const onShelf = (host: Host, name: string) => host.at('shelf', name)

export const uploadRequest = (sizeBytes: number, changes: Partial<UploadVolume> = {}): UploadVolume => ({
  requestId: 'request-1',
  clientId,
  volume: { globalId, sizeBytes },
  attachment: attachment(),
  destination: { kind: 'folder', store: 'shelf', name: 'disk' },
  format: 'qcow2',
  compression: 'zstd',
  ...changes,
})
