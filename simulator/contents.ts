import type { Call, Site } from './call.ts'
import type { Thing } from './records.ts'

/** Where bytes are: a file, and how many of its bytes belong to the object. */
export interface Contents {
  readonly file: number
  readonly length: number
}

/**
 * A point in time of a volume, for a new object. A volume nobody has attached is not being written: the two share one
 * file from here on. An attached one keeps the file its writer has open, and the new object gets a copy.
 *
 * Call it where nobody else works on the volume.
 */
export const pointInTime = async (site: Site, volume: Thing): Promise<Contents> => {
  if (volume.file === 0 || !site.world.isAttached(volume.gid)) return contentsOf(volume)
  const length = Math.min(volume.length, volume.size)
  return { file: await site.bytes.copy(volume.file, length, volume.size), length: volume.size }
}

export const contentsOf = ({ file, length, size }: Thing): Contents => ({
  file,
  length: Math.min(length, size),
})

/** Whether a point in time of this volume costs a copy. */
export const mustCopy = (site: Site, volume: Thing) => volume.file !== 0 && site.world.isAttached(volume.gid)

/**
 * Give an object a file of its full size that a host can use as a device; a volume's is its own, as it will be
 * written. Call it where nobody else works on the object.
 */
export const makeReady = async (site: Site, thing: Thing): Promise<void> => {
  const { world, bytes } = site
  if (world.isAttached(thing.gid)) return
  const { file, length } = contentsOf(thing)
  if (file === 0) {
    moveTo(site, thing.gid, { file: await bytes.create(thing.size), length: thing.size })
  } else if (world.usersOf(file).size === 1) {
    bytes.resize(file, length, thing.size)
    if (length !== thing.size) moveTo(site, thing.gid, { file, length: thing.size })
  } else if (thing.kind === 'volume' || length !== thing.size || (await bytes.sizeOf(file)) !== thing.size) {
    moveTo(site, thing.gid, { file: await bytes.copy(file, length, thing.size), length: thing.size })
  }
}

/** Cut off whoever has the file of an attached object open: it goes on in a copy, and late writes go nowhere. */
export const fence = async (site: Site, thing: Thing): Promise<void> => {
  if (thing.file === 0 || thing.kind === 'snapshot') return
  const { length } = contentsOf(thing)
  moveTo(site, thing.gid, { file: await site.bytes.copy(thing.file, length, thing.size), length: thing.size })
}

const moveTo = (site: Site, gid: string, contents: Contents) => {
  const thing = site.world.things.get(gid)
  if (thing === undefined) {
    site.bytes.remove(contents.file)
    return
  }
  site.world.quietly(() => site.world.things.put(gid, { ...thing, ...contents }))
  for (const { client } of site.world.attachmentsOf(gid)) site.devices.follow(client, gid)
}

/** Let go of a point in time that came to nothing. */
export const discard = (call: Call, { file }: Contents) => {
  if (file !== 0 && call.site.world.usersOf(file).size === 0) call.site.bytes.remove(file)
}

/** An object at another size, its file with it where a host has it as a device. Inside a change. */
export const setSize = (site: Site, thing: Thing, size: number): Thing => {
  const length = Math.min(thing.length, thing.size, size)
  if (!site.world.isAttached(thing.gid)) return { ...thing, size, length }
  if (size < thing.size) site.bytes.resize(thing.file, size, size)
  else site.hosts.resize(() => site.bytes.grow(thing.file, size))
  return { ...thing, size, length: size }
}

/** Give an object other contents, at its size; who has it attached gets them as a new file. */
export const refill = async (call: Call, thing: Thing, { file, length }: Contents): Promise<void> => {
  const { world, bytes } = call.site
  const attached = world.isAttached(thing.gid)
  const own =
    attached && file !== 0
      ? await bytes.copy(file, length, thing.size)
      : attached
        ? await bytes.create(thing.size)
        : file
  const contents = { file: own, length: attached ? thing.size : length }
  try {
    world.change(call.cluster.id, () => world.things.put(thing.gid, { ...thing, ...contents }))
  } catch (error) {
    discard(call, contents)
    throw error
  }
}
