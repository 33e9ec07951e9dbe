import { join } from 'node:path'

/** The agent of host-1, whose cluster is a simulator that keeps its data beside it. */
export const settingsOfAgent = (
  folder: string,
  port: number,
  stores: object | undefined,
  more: object | undefined,
) => {
  const at = (name: string) => join(folder, name)
  return {
    host: 'host-1',
    clientId: 1,
    storpoolConf: at('storpool.conf'),
    listen: { address: '127.0.0.1', port },
    devices: at('simulator/dev/1'),
    images: at('images'),
    state: at('agent'),
    segmentBytes: 16 * 1024 ** 2,
    backupUser: 'agent',
    ...more,
    stores: {
      images: { kind: 'folder', path: at('images') },
      backups: { kind: 'restic', path: at('backups') },
      ...stores,
    },
  }
}
