import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Attachment, Page } from '../../lib/driver/backend.ts'
import { GiB } from '../../lib/units.ts'
import { methods } from '../conformance/methods.ts'
import type { Cluster } from '../support/cluster.ts'
import { emptyTable, itemsIn } from '../support/table.ts'
import { clients, type Model, rightsOf, type Thing, volumeIn } from './model.ts'

const MARK_BYTES = 4

/** Every page of the book, as it stands in the table. */
export const pagesOf = async (cluster: Cluster): Promise<Page[]> =>
  (await itemsIn(cluster.table))
    .filter(({ attachments }) => attachments !== undefined)
    .map((item) => ({ ...(item as Page), globalId: item.pk.replace('ATTACHMENTS#', '') }))

/** A cluster and a book as good as new. */
export const cleared = async (cluster: Cluster): Promise<void> => {
  cluster.simulator.reset({ all: true })
  cluster.simulator.setKnobs({ snapshotDeleteDelayMs: 0 })
  await emptyTable(cluster.table)
}

const thingsIn = (things: Iterable<Thing>) =>
  [...things]
    .map(({ name, gid, size, template, iops, bw, tags }) => ({
      name,
      gid,
      size: size * GiB,
      template,
      iops,
      bw,
      tags,
    }))
    .sort((one, other) => (one.gid < other.gid ? -1 : 1))

const listed = (things: Cluster['simulator']['volumes']) =>
  [...things.values()]
    .map(({ name, globalId, size, templateName, iops, bw, tags = {} }) => ({
      name,
      gid: globalId,
      size,
      template: templateName,
      iops,
      bw,
      tags,
    }))
    .sort((one, other) => (one.gid < other.gid ? -1 : 1))

const lasting = (snapshots: Cluster['simulator']['snapshots']) =>
  new Map([...snapshots].filter(([, snapshot]) => !('transient' in snapshot) || !snapshot.transient))

/** The objects, and who has them, as far as a model knows them. */
export const seen = (cluster: Cluster) => ({
  volumes: listed(cluster.simulator.volumes),
  snapshots: listed(lasting(cluster.simulator.snapshots)),
  attached: attachedTo(cluster),
})

export const expected = (model: Model) => ({
  volumes: thingsIn(model.volumes.values()),
  snapshots: thingsIn(model.snapshots.values()),
  attached: Object.fromEntries(
    [...model.book].filter(([, held]) => held.size > 0).map(([gid, held]) => [gid, rightsOf(held)]),
  ),
})

/** Volume → client → rights, as StorPool has it. */
const attachedTo = ({ simulator }: Cluster) => {
  const attached: Record<string, Record<number, string>> = {}
  for (const { globalId, client, rights } of simulator.attachments) {
    attached[globalId] = { ...attached[globalId], [client]: rights }
  }
  return attached
}

/** What holds whatever was done: nobody half attached, book and cluster agree, and nothing is left over. */
export const expectSound = async (cluster: Cluster): Promise<readonly Page[]> => {
  const isThere = new Set([...cluster.simulator.volumes.values()].map(({ globalId }) => globalId))
  // What stands on the page of a volume that is gone is about nothing: its global id never comes again.
  const pages = (await pagesOf(cluster)).filter(({ globalId }) => isThere.has(globalId))
  const held = pages.filter(({ attachments }) => Object.keys(attachments).length > 0)
  const all = held.flatMap(({ attachments }) => Object.values<Attachment>(attachments))
  expect(all.filter(({ state }) => state !== 'attached')).toEqual([])
  expect(all.filter(({ host, clientId }) => clients[host] !== clientId)).toEqual([])
  expect(attachedTo(cluster), 'StorPool has attached what the book says').toEqual(
    Object.fromEntries(
      held.map(({ globalId, attachments }) => [globalId, rightsOf(new Map(Object.entries(attachments)))]),
    ),
  )
  const { volumes, snapshots } = cluster.simulator.state()
  const parents = new Set([...volumes, ...snapshots].map(({ parent }) => parent))
  const unused = snapshots.filter(({ transient, name }) => transient && !parents.has(name))
  expect(unused, 'a snapshot that a clone was made by').toEqual([])
  return pages
}

const device = (cluster: Cluster, client: number, gid: string) =>
  join(cluster.simulator.devicesOf(client), 'storpool-byid', gid)

/** Write a mark on a host that may; else nothing is written. */
export const writeMark = async (cluster: Cluster, model: Model, input: any): Promise<Model> => {
  const volume = volumeIn(model, input.volume)
  const rights = rightsOf(model.book.get(volume?.gid ?? '') ?? new Map())
  const client = Object.keys(rights).find((one) => rights[Number(one)] === 'rw')
  if (volume === undefined || client === undefined) return model
  await using file = await open(device(cluster, Number(client), volume.gid), 'r+')
  await file.write(input.mark, 0)
  const after = structuredClone(model)
  for (const one of after.volumes.values()) if (one.gid === volume.gid) one.data = input.mark
  return after
}

/** What was last written to a volume, as a host sees it that attaches it for the purpose. */
export const markIn = async (cluster: Cluster, gid: string): Promise<string> => {
  const volume = { id: 'any', provider_location: gid }
  const connection = { volume, connector: { host: 'host-1' }, mode: 'ro', attachmentId: 'look' }
  await methods.initialize_connection(cluster.backend, connection)
  await using file = await open(device(cluster, 1, gid), 'r')
  const { buffer } = await file.read(Buffer.alloc(MARK_BYTES), 0, MARK_BYTES, 0)
  await methods.terminate_connection(cluster.backend, { volume, attachmentId: 'look' })
  return buffer.toString().replaceAll('\0', '')
}

/** The short while is over for which an object is held whose owner was changed, as if it had passed. */
export const holdsOver = async (cluster: Cluster): Promise<void> => {
  for (const page of await pagesOf(cluster)) {
    if (page.hold !== undefined) await cluster.backend.attachments.write({ ...page, hold: undefined })
  }
}
