import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Device, findDevice } from './devices.ts'
import { Refusal } from './refusal.ts'

/** Between two looks, and how many in a row must miss it: a link may be made anew while nothing is taken away. */
const looks = { everyMs: 300, most: 3 }

/**
 * Look again and again whether an open device is still what its link leads to. A volume that StorPool took from this
 * host by force is no longer the agent's to write on, though a descriptor may outlive its name.
 *
 * @returns a signal that is aborted with the refusal `not_attached`; disposed, it looks no more
 */
export const watchDevice = (
  devices: string,
  globalId: string,
  device: Pick<Device, 'handle'>,
): Disposable & { readonly signal: AbortSignal } => {
  const over = new AbortController()
  const lost = new AbortController()
  const watch = async () => {
    for (let missed = 0; missed < looks.most; ) {
      await sleep(looks.everyMs, undefined, { signal: over.signal })
      missed = (await isStillThere(devices, globalId, device)) ? 0 : missed + 1
    }
    lost.abort(gone(globalId))
  }
  watch().catch(() => {})
  return { signal: lost.signal, [Symbol.dispose]: () => over.abort() }
}

/** @throws Refusal `not_attached` what was opened is not, or no longer, the device of that global id */
export const assertStillThere = async (
  devices: string,
  globalId: string,
  device: Pick<Device, 'handle'>,
): Promise<void> => {
  if (!(await isStillThere(devices, globalId, device))) throw gone(globalId)
}

const isStillThere = async (
  devices: string,
  globalId: string,
  { handle }: Pick<Device, 'handle'>,
): Promise<boolean> => {
  try {
    const found = await findDevice(devices, globalId)
    if (found === undefined) return false
    const [now, open] = await Promise.all([stat(found.real), handle.stat()])
    // A node may be made anew for the same device; its number is what counts.
    if (open.isBlockDevice()) return now.rdev === open.rdev
    return now.dev === open.dev && now.ino === open.ino
  } catch {
    return false
  }
}

const gone = (globalId: string) =>
  new Refusal('not_attached', `The device of ${globalId} was taken from this host`)
