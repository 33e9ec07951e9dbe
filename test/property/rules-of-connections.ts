import { clients, heldOf, keyOf, volumeIn } from './model.ts'
import type { Rule } from './rule.ts'

export const connections = {
  initialize_connection: (model, input, answer) => {
    const { volume, connector, mode = connector.mode ?? 'rw', exclusive } = input
    if (clients[connector.host] === undefined) return 'UnknownHost'
    const there = volumeIn(model, volume)
    if (there === undefined) return 'VolumeNotFound'
    const held = heldOf(model, there)
    const key = keyOf(there.gid, input)
    const mine = held.get(key)
    if (mine !== undefined && mine.host !== connector.host && !exclusive) return 'Conflict'
    const others = exclusive ? [] : [...held].filter(([id]) => id !== key)
    const now = { host: connector.host, mode, generation: answer?.data.generation ?? 0 }
    model.book.set(there.gid, new Map([...others, [key, now]]))
    return 'ok'
  },

  terminate_connection: (model, { volume, connector, attachmentId, generation }) => {
    const there = volumeIn(model, volume)
    const held = there === undefined ? new Map() : heldOf(model, there)
    if (attachmentId !== undefined) {
      const mine = held.get(attachmentId)
      if (mine !== undefined && generation !== undefined && mine.generation !== generation)
        return 'StaleGeneration'
      held.delete(attachmentId)
      return 'ok'
    }
    const { host } = connector ?? {}
    const ending = [...held].filter(([, one]) => host === undefined || one.host === host)
    // What is not there any more has no connections; by its global id it is not even looked for.
    const isLookedFor = there !== undefined || volume.provider_location !== undefined
    if (host !== undefined && clients[host] === undefined && isLookedFor) return 'UnknownHost'
    for (const [id] of ending) held.delete(id)
    return 'ok'
  },
} satisfies Record<string, Rule>
