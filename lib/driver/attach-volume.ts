import type * as z from 'zod'
import { type DeviceBackend, toldId } from './backend.ts'
import { connectVolume, InitializeConnection } from './initialize-connection.ts'
import { knownHost } from './known-host.ts'
import type { ConnectionInfo, Connector } from './model.ts'
import { TerminateConnection, terminateConnection } from './terminate-connection.ts'

export const AttachVolume = InitializeConnection
export type AttachVolume = z.infer<typeof AttachVolume>

/** @see cinder/volume/driver.py _attach_volume: its answer */
export interface AttachedVolume {
  readonly conn: ConnectionInfo
  /** Where the volume is on the host. */
  readonly device: { readonly type: 'block'; readonly path: string }
  readonly connector: Connector
}

/** Milliseconds the agent may wait for the device, and then take to answer. */
const DEVICE_MS = 15_000
const ANSWER_MS = 3_000

/**
 * Attach a volume to a host and wait there until its device can be used. Run again, it finds its own attachment. Where
 * the device does not come, the connection that was made for it is ended again.
 *
 * @throws DriverError as {@link connectVolume}; HostNotReady: no agent there, or no device in time.
 * @see cinder/volume/drivers/storpool.py 1.2.1 _attach_volume
 */
export async function attachVolume(backend: DeviceBackend, input: AttachVolume): Promise<AttachedVolume> {
  const host = await knownHost(backend.hosts, input.connector.host)
  const agent = await backend.agentOn(host)
  const clientId = toldId(host)
  const { conn, volume } = await connectVolume(backend, input, {
    announce: ({ globalId, size }, { id, generation, mode }) =>
      agent.announce(
        { clientId, volume: { globalId, sizeBytes: size }, attachment: { id, generation }, mode },
        backend.within(ANSWER_MS),
      ),
  })
  const { globalId, attachmentId: id, generation, access_mode: mode } = conn.data
  try {
    const { path } = await agent.attachWait(
      {
        clientId,
        volume: { globalId, sizeBytes: volume.size },
        attachment: { id, generation },
        mode,
        waitMs: Math.max(0, Math.min(DEVICE_MS, backend.within(DEVICE_MS) - backend.within(0) - ANSWER_MS)),
      },
      backend.within(DEVICE_MS + ANSWER_MS),
    )
    return { conn, device: { type: 'block', path }, connector: input.connector }
  } catch (error) {
    await terminateConnection(
      backend,
      TerminateConnection.parse({ volume: input.volume, attachmentId: id, generation }),
    ).catch(() => 'the first error is the one to tell; the attachment is in the book')
    throw error
  }
}
