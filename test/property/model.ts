import type { DriverErrorName } from '../../lib/errors.ts'
import { attachmentId } from '../../lib/ids.ts'
import { nameOf, snapshotNameOf } from '../support/makers.ts'

/** A volume or a snapshot as a caller of the driver may think of it. */
export interface Thing {
  readonly gid: string
  name: string
  /** GiB. */
  size: number
  /** Empty for none. */
  template: string
  iops: number | '-'
  bw: number | '-'
  tags: Record<string, string>
  /** What was written to it last. */
  data: string
}

export interface Held {
  readonly host: string
  readonly mode: 'rw' | 'ro'
  readonly generation: number
}

/**
 * What a cluster, its book and a caller's records hold, as plain data: this, and the rules beside it, are all that the
 * driver is measured against.
 */
export interface Model {
  /** By global id, as everything here. */
  readonly volumes: Map<string, Thing>
  readonly snapshots: Map<string, Thing>
  readonly book: Map<string, Map<string, Held>>
  /** A caller's records: the location each id was last given. */
  readonly locations: Map<string, string>
}

export const emptyModel = (): Model => ({
  volumes: new Map(),
  snapshots: new Map(),
  book: new Map(),
  locations: new Map(),
})

/** How an operation may end. More than one: where the model does not follow what decides it, and nothing changes. */
export type Ending = 'ok' | DriverErrorName

/** An input with its placeholders filled in. Tests trust its shape: the driver's own schemas check it. */
export type Input = Record<string, any>

export const clients: Readonly<Record<string, number>> = { 'host-1': 1, 'host-2': 2 }
export const templates = ['hybrid', 'ssd', 'hdd']

interface Known {
  readonly id: string
  readonly provider_location?: string
}

export const volumeIn = ({ volumes }: Model, { id, provider_location }: Known): Thing | undefined =>
  provider_location === undefined ? named(volumes, nameOf(id)) : volumes.get(provider_location)

export const snapshotIn = ({ snapshots }: Model, { id, provider_location }: Known): Thing | undefined =>
  provider_location === undefined ? named(snapshots, snapshotNameOf(id)) : snapshots.get(provider_location)

export const named = (things: Model['volumes'], name: string): Thing | undefined =>
  [...things.values()].find((thing) => thing.name === name)

export const heldOf = (model: Model, { gid }: Thing): Map<string, Held> => model.book.get(gid) ?? new Map()

/** The key of an attachment in the book. */
export const keyOf = (gid: string, { attachmentId: given, connector, instance }: Input): string =>
  given ?? attachmentId(gid, connector.host, instance)

/** The rights each client has by the book. */
export const rightsOf = (held: ReadonlyMap<string, Held>): Record<number, 'rw' | 'ro'> => {
  const rights: Record<number, 'rw' | 'ro'> = {}
  for (const { host, mode } of held.values()) {
    const client = clients[host] ?? 0
    rights[client] = rights[client] === 'rw' ? 'rw' : mode
  }
  return rights
}
