import type { Call } from './call.ts'
import { noRoom } from './errors.ts'
import { diskBytes } from './placement.ts'
import type { Policy, Thing } from './records.ts'
import { keyOf } from './world.ts'

/** Bytes that a file takes, counted once for all who share it: for each object, what it alone or first uses. */
export const storedBytes = async (call: Call): Promise<Map<number, number>> => {
  const { world, bytes } = call.site
  const files = new Set<number>()
  for (const { file } of world.things.values()) if (file !== 0) files.add(file)
  const sizes = await Promise.all([...files].map(async (file) => [file, await bytes.stored(file)] as const))
  return new Map(sizes)
}

const groupsOf = (policy: Policy) => [...new Set([policy.placeAll, policy.placeTail, policy.placeHead])]

/** Bytes on the disks of a group: what it can hold and what it holds, all copies counted. */
export const groupSpace = (
  call: Call,
  group: string,
  cluster: string,
  sizes: ReadonlyMap<number, number>,
) => {
  const { world, knobs } = call.site
  const disks = world.groups.get(keyOf(cluster, group))?.disks ?? []
  const up = disks.filter((id) => world.disks.get(keyOf(cluster, id))?.up === true).length
  const capacity = knobs.capacityBytes[group] ?? up * diskBytes
  const counted = new Set<number>()
  let used = 0
  for (const { file, policy, cluster: owner } of world.things.values()) {
    if (owner !== cluster || file === 0 || counted.has(file) || !groupsOf(policy).includes(group)) continue
    counted.add(file)
    used += ((sizes.get(file) ?? 0) * policy.replication) / groupsOf(policy).length
  }
  return { capacity, free: Math.max(0, Math.floor(capacity - used)) }
}

/**
 * Refuse to provision `added` bytes where the knob `capacityBytes` leaves less room. Without the knob nothing is
 * counted: storage is thin.
 */
export const checkRoom = async (call: Call, policy: Policy, cluster: string, added: number) => {
  const limited = groupsOf(policy).filter((group) => call.site.knobs.capacityBytes[group] !== undefined)
  if (limited.length === 0 || added < 0) return
  const sizes = await storedBytes(call)
  for (const group of limited) {
    const { free } = groupSpace(call, group, cluster, sizes)
    const needed = (added * policy.replication) / groupsOf(policy).length
    if (free === 0 || needed > free) {
      throw noRoom(`Not enough space in placement group "${group}": ${free} bytes free, ${needed} needed`)
    }
  }
}

/** Bytes an object holds itself, never more than its size. */
export const ownBytes = (thing: Thing, sizes: ReadonlyMap<number, number>) =>
  Math.min(thing.size, sizes.get(thing.file) ?? 0)
