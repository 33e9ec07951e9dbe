import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { openBytes } from './bytes.ts'
import type { Site } from './call.ts'
import { openDevices } from './devices.ts'
import { FolderError, reasonOf } from './errors.ts'
import { furnish } from './fresh.ts'
import { openHosts } from './hosts.ts'
import { type Adjustment, defaultKnobs, turned } from './knobs.ts'
import { openLifecycle } from './lifecycle.ts'
import { openStore, type Store } from './store.ts'
import { openWorld, type World } from './world.ts'

export interface SiteOptions {
  /** Folder for everything that is kept. */
  readonly data: string
  readonly templates: readonly string[] | undefined
  /** Where a client's links are put; undefined: in a folder under `data`. */
  readonly devicesOf: ((client: number) => string) | undefined
  /** The first part of the global ids. */
  readonly location: string
  /** Unix milliseconds. */
  readonly clock: () => number
}

const makeFolder = async (folder: string) => {
  try {
    await mkdir(join(folder, 'dev'), { recursive: true })
  } catch (error) {
    throw new FolderError(
      `the data folder ${folder} cannot be made (${reasonOf(error)}): choose another --data`,
    )
  }
}

const readWorld = (store: Store, folder: string, location: string): World => {
  try {
    return openWorld(store, location)
  } catch (error) {
    store.close()
    const why = reasonOf(error).replaceAll(/\s+/g, ' ')
    throw new FolderError(
      `the data folder ${folder} cannot be read (${why}): choose another --data or empty it`,
    )
  }
}

/** Everything but HTTP: the clusters of a location with their bytes, hosts and clock, kept in a folder. */
export const openSite = async ({ data, templates, location, devicesOf, clock }: SiteOptions) => {
  await makeFolder(data)
  const store = openStore(data)
  const world = readWorld(store, data, location)
  let knobs = defaultKnobs
  const bytes = await openBytes(join(data, 'bytes'))
  await bytes.sweep((file) => world.usersOf(file).size > 0)
  const devices = openDevices(devicesOf ?? ((client) => join(data, 'dev', String(client))), world, bytes)
  const hosts = openHosts(world, devices, () => knobs)
  const lifecycle = openLifecycle(world, () => knobs, clock)
  world.hooks.onUnused = bytes.remove
  world.hooks.onChanged = hosts.note
  furnish(world, templates)
  for (const { gid } of world.attachments.values()) {
    const thing = world.things.get(gid)
    if (thing !== undefined) bytes.grow(thing.file, thing.size)
  }
  devices.restore(world.clusters.flatMap(({ clients }) => [...clients]))
  lifecycle.arm()

  const site: Site = {
    world,
    bytes,
    devices,
    hosts,
    lifecycle,
    get knobs() {
      return knobs
    },
    seconds: () => Math.floor(clock() / 1000),
    now: clock,
    working: new Map(),
  }
  return {
    site,
    setKnobs: (adjustment: Adjustment) => {
      knobs = turned(knobs, adjustment)
      hosts.refresh()
      lifecycle.arm()
    },
    resetKnobs: () => {
      knobs = defaultKnobs
    },
    /** Forget all objects and begin as a new folder does. */
    clear: () => {
      const files = new Set([...world.things.values()].map(({ file }) => file))
      devices.clear()
      world.clear()
      for (const file of files) if (file !== 0) bytes.remove(file)
      furnish(world, templates)
    },
    close: async () => {
      lifecycle.close()
      hosts.close()
      while (site.working.size > 0) await Promise.all(site.working.values())
      store.close()
    },
  }
}
export type OpenSite = Awaited<ReturnType<typeof openSite>>
