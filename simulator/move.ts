import type { Call } from './call.ts'
import { checkDetach, detachAll } from './calls/detach.ts'
import { busy, taken } from './errors.ts'
import { arrivingNow } from './progress.ts'
import type { Thing } from './records.ts'
import { shownName } from './views.ts'
import { keyOf } from './world.ts'

/** What becomes of those who have an object attached that moves. */
export type OnAttached = 'fail' | 'detach' | 'detachForce' | 'export'

/** Let another cluster of the location own an object, inside a change. Its global id stays. */
export const moveTo = (call: Call, thing: Thing, cluster: string, onAttached: OnAttached): Thing => {
  const { world } = call.site
  if (thing.cluster === cluster) return thing
  const held = world.attachmentsOf(thing.gid)
  const [first] = held
  if (first !== undefined && onAttached === 'fail') {
    throw busy(`"${shownName(thing)}" is attached at client ${first.client}`)
  }
  if (onAttached === 'detach' || onAttached === 'detachForce') {
    for (const { client } of held) checkDetach(call, thing, client, onAttached === 'detachForce')
    detachAll(call, thing)
  }
  if (thing.name !== '' && world.named(cluster, thing.name) !== undefined) throw taken('Volume', thing.name)
  const name = world.templates.get(keyOf(thing.cluster, thing.template))?.name
  const template = [...world.templates.values()].find((one) => one.cluster === cluster && one.name === name)
  const moved = { ...thing, cluster, template: template?.id ?? 0, ...arrivingNow(call.site) }
  world.things.put(thing.gid, moved)
  return moved
}
