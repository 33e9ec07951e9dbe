import type * as z from 'zod'
import type { VolumeRevertDesc } from '../../lib/storpool/schema/asked.ts'
import type { Rebase, VolumeDelete, VolumeUpdate } from '../bodies.ts'
import { type Call, ok } from '../call.ts'
import { contentsOf, refill, setSize } from '../contents.ts'
import { busy, invalid } from '../errors.ts'
import { checkFree, exclusively, findLiving, findSnapshot, findVolume, whenFree } from '../lookup.ts'
import { writeTags } from '../make.ts'
import { place, policyOf } from '../placement.ts'
import { rebasingTo, relocatingFrom } from '../progress.ts'
import type { Thing } from '../records.ts'
import { checkRoom } from '../space.ts'
import { keyOf } from '../world.ts'
import { checkDetach, detachAll, followAll } from './detach.ts'

const target = (call: Call) => findVolume(call, call.args[0] ?? '')

const newSize = (volume: Thing, body: VolumeUpdate): number => {
  if (body.size !== undefined && body.sizeAdd !== undefined) {
    throw invalid('"size" and "sizeAdd" exclude each other')
  }
  const size = body.size ?? volume.size + (body.sizeAdd ?? 0)
  if (!Number.isSafeInteger(size)) throw invalid('Invalid value of "sizeAdd": the volume would be too large')
  if (size < volume.size && body.shrinkOk !== true) {
    throw invalid(`Invalid value of "size": ${size} is less than the present ${volume.size}`)
  }
  return size
}

/** @see python-storpool 7.3.0, sptypes.py `VolumeUpdateDesc` */
export const volumeUpdate = async (call: Call, body: VolumeUpdate) => {
  const { world, knobs } = call.site
  const before = target(call)
  const added = newSize(before, body) - before.size
  if (added > 0) await checkRoom(call, before.policy, before.cluster, added)
  await whenFree(
    call,
    () => [target(call)],
    () => {
      world.change(call.cluster.id, () => {
        const volume = target(call)
        if (body.rename !== undefined && body.rename !== '') checkFree(call, body.rename, volume)
        const placed = place(call, body, volume, volume.cluster)
        const changed = {
          ...volume,
          ...placed,
          ...relocatingFrom(call.site, volume.policy, placed.policy),
          name: body.rename ?? volume.name,
          tags: writeTags(knobs.tagsMode, volume.tags, body.tags),
        }
        const size = newSize(volume, body)
        world.things.put(volume.gid, size === volume.size ? changed : setSize(call.site, changed, size))
      })
      followAll(call, before.gid)
    },
  )
  return ok(call)
}

/** @see storpool-csi, services/controller.py: deleting an attached volume is refused as busy */
export const volumeDelete = async (call: Call, body: z.infer<typeof VolumeDelete>) => {
  const { world, knobs } = call.site
  const onAttached = body?.onAttached ?? 'fail'
  if (body?.onAttached !== undefined && !knobs.deleteKnowsOnAttached)
    throw invalid('Unknown member "onAttached"')
  await whenFree(
    call,
    () => [target(call)],
    () =>
      world.change(call.cluster.id, () => {
        const volume = target(call)
        const held = world.attachmentsOf(volume.gid)
        const [first] = held
        if (first !== undefined && onAttached !== 'detach' && onAttached !== 'detachForce') {
          throw busy(`Volume "${call.args[0]}" is attached at client ${first.client}`)
        }
        for (const { client } of held) checkDetach(call, volume, client, onAttached === 'detachForce')
        detachAll(call, volume)
        world.things.drop(volume.gid)
      }),
  )
  return ok(call)
}

/**
 * Put a snapshot's data into the volume; the volume becomes its child.
 *
 * @see python-storpool 7.3.0, sptypes.py `VolumeRevertDesc`; `revertSize` is sent by pve-storpool
 */
export const volumeRevert = async (call: Call, body: z.infer<typeof VolumeRevertDesc>) => {
  const { world, knobs } = call.site
  const read = () => {
    const volume = target(call)
    const [holder] = world.attachmentsOf(volume.gid)
    if (holder !== undefined && knobs.revertAttached === 'busy') {
      throw busy(`Volume "${call.args[0]}" is attached at client ${holder.client}`)
    }
    return [volume, findLiving(call, body.toSnapshot)]
  }
  await exclusively(call, read, async ([volume = target(call)]) => {
    const snapshot = findLiving(call, body.toSnapshot)
    const adopts = body.revertSize ?? knobs.revertWithoutRevertSize === 'adopt'
    const size = adopts ? snapshot.size : volume.size
    const { bw, iops } = policyOf(world.templates.get(keyOf(volume.cluster, volume.template)))
    const policy = knobs.revertResetsLimits ? { ...volume.policy, bw, iops } : volume.policy
    const contents = contentsOf({ ...snapshot, size: Math.min(size, snapshot.size) })
    await refill(call, { ...volume, policy, size, parent: snapshot.gid }, contents)
    followAll(call, volume.gid)
  })
  return ok(call)
}

const rebased = (call: Call, thing: Thing, parentName: string | undefined): Thing => {
  const { world } = call.site
  const to = (parent: string) => ({ ...thing, ...rebasingTo(call.site, thing, parent) })
  if (parentName === undefined) return to('')
  const wanted = findSnapshot(call, parentName)
  for (let at = world.things.get(thing.parent); at !== undefined; at = world.things.get(at.parent)) {
    if (at.gid === wanted.gid) return to(wanted.gid)
  }
  throw invalid(`Snapshot "${parentName}" is not among the parents`)
}

/** Change the parent to another ancestor, or to none: at once, or when its data is its own. */
export const rebase = async (call: Call, find: (call: Call) => Thing, body: z.infer<typeof Rebase>) => {
  const { world } = call.site
  await whenFree(
    call,
    () => [find(call)],
    ([thing = find(call)]) =>
      world.change(call.cluster.id, () => world.things.put(thing.gid, rebased(call, thing, body.parentName))),
  )
  return ok(call)
}
export const volumeRebase = (call: Call, body: z.infer<typeof Rebase>) => rebase(call, target, body)
