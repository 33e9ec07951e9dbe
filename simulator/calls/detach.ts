import type { Call } from '../call.ts'
import { Refusal } from '../errors.ts'
import type { Thing } from '../records.ts'
import { shownName } from '../views.ts'
import { attachmentKey } from '../world.ts'

/**
 * Refuse to take a device away from a process that holds it open.
 *
 * @see os-brick, os_brick/initiator/connectors/storpool.py `_detach_retry`: the words "is open at"
 */
export const checkDetach = (call: Call, thing: Thing, client: number, force: boolean) => {
  const { hosts, knobs, world } = call.site
  if (force || !world.attachments.has(attachmentKey(thing.gid, client))) return
  if (hosts.isOpen(client, thing.gid)) {
    throw new Refusal(knobs.openError, `${shownName(thing)} is open at client ${client}`)
  }
}

/** Take an object away from one client, inside a change. Where it is not attached nothing is done. */
export const detach = (call: Call, thing: Thing, client: number) => {
  const { world, hosts } = call.site
  const key = attachmentKey(thing.gid, client)
  if (!world.attachments.has(key)) return
  world.attachments.drop(key)
  world.later(() => hosts.follow(client, thing.gid))
}

export const detachAll = (call: Call, thing: Thing) => {
  for (const { client } of call.site.world.attachmentsOf(thing.gid)) detach(call, thing, client)
}

/** Let the links of all who have the object attached follow its new name or file. */
export const followAll = (call: Call, gid: string) => {
  for (const { client } of call.site.world.attachmentsOf(gid)) call.site.hosts.follow(client, gid)
}
