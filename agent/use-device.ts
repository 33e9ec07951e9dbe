import type { Target } from '../lib/agent/protocol.ts'
import type { TaskRequest } from '../lib/agent/tasks.ts'
import { type Device, type Found, openDevice, openForReading, waitForDevice } from './devices.ts'
import type { CopyUser } from './guard.ts'
import type { Run } from './run.ts'
import { assertStillThere, watchDevice } from './watch-device.ts'

/** How long a task waits for its device, after the function said that it is attached. */
export const deviceWaitMs = 30_000

type Open<Opened> = (found: Found, user?: CopyUser) => Promise<Opened>
type Held = Pick<Device, 'handle'> & AsyncDisposable

const using =
  <Opened extends Held>(open: Open<Opened>) =>
  /**
   * Wait for the device of a volume, and work with it open. The work's signal is aborted with `not_attached` when the
   * device is taken from this host meanwhile.
   */
  async <Request extends TaskRequest, T>(
    run: Run<Request>,
    volume: Target,
    work: (run: Run<Request>, device: Opened) => Promise<T>,
  ): Promise<T> => {
    const { devices } = run.context.config
    const found = await waitForDevice(devices, volume, deviceWaitMs, run.signal)
    await using device = await open(found, run.context.guard.user)
    await assertStillThere(devices, volume.globalId, device)
    using watch = watchDevice(devices, volume.globalId, device)
    // Awaited here: the device is closed when this ends.
    return await work({ ...run, signal: AbortSignal.any([run.signal, watch.signal]) }, device)
  }

export const writing = using(openDevice)
export const reading = using(openForReading)
/** The same where no child reads it. */
export const readingAlone = using((found) => openForReading(found))
