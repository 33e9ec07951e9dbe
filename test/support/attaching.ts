import { randomUUID } from 'node:crypto'
import { type As, newest, startBlockStorage } from './block-storage.ts'

export const connector = (host = 'host-1', more: object = {}) => ({ host, ip: '127.0.0.1', ...more })

/** A system, and what one asks of attachments. */
export const startAttaching = async () => {
  const storage = await startBlockStorage()
  return {
    storage,
    create: (volume: string, more: object = {}, as: As = newest) =>
      storage.call('POST', '/attachments', { attachment: { volume_uuid: volume, ...more } }, as),
    connect: (id: string, host = 'host-1', more: object = {}) =>
      storage.call('PUT', `/attachments/${id}`, { attachment: { connector: connector(host, more) } }, newest),
    complete: (id: string, as: As = newest) =>
      storage.call('POST', `/attachments/${id}/action`, { 'os-complete': null }, as),
    show: (id: string, as: As = newest) => storage.call('GET', `/attachments/${id}`, undefined, as),
    remove: (id: string) => storage.call('DELETE', `/attachments/${id}`, undefined, newest),
    statusOf: async (id: string) => (await storage.show('volume', id, newest)).status,
    /** Client and rights of everybody who has the volume, as StorPool sees it. */
    holders: async (id: string) => {
      const { provider_id } = await storage.show('volume', id, newest)
      return storage.cluster.simulator.attachments
        .filter(({ globalId }) => globalId === provider_id)
        .map(({ client, rights }) => `${client} ${rights}`)
        .sort()
    },
    /** A type whose volumes several may have. @returns its id */
    multiattach: async () => {
      const { body } = await storage.call('POST', '/types', {
        volume_type: { name: randomUUID(), extra_specs: { multiattach: '<is> True' } },
      })
      return body.volume_type.id
    },
    [Symbol.asyncDispose]: () => storage[Symbol.asyncDispose](),
  }
}
export type Attaching = Awaited<ReturnType<typeof startAttaching>>
