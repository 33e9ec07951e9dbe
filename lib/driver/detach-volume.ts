import * as z from 'zod'
import { DriverError } from '../errors.ts'
import { attachmentId } from '../ids.ts'
import { volumeSummary } from '../storpool/volumes.ts'
import { type DeviceBackend, toldId, volumeRef } from './backend.ts'
import { AttachmentId } from './initialize-connection.ts'
import { knownHost } from './known-host.ts'
import { Connector, KnownVolume } from './model.ts'
import { orAbsent } from './settle.ts'
import { TerminateConnection, terminateConnection } from './terminate-connection.ts'

export const DetachVolume = z.strictObject({
  volume: KnownVolume,
  connector: Connector,
  /** Else made as when it was attached. */
  attachmentId: AttachmentId.optional(),
  generation: z.int().positive().optional(),
  instance: z.string().min(1).max(128).optional(),
  /** Go on where the agent or StorPool refuses, and say what was passed over. */
  ignore_errors: z.boolean().default(false),
  force: z.boolean().default(false),
})
export type DetachVolume = z.infer<typeof DetachVolume>

/** Milliseconds the agent may take to let go. */
const RELEASE_MS = 10_000

/**
 * Let the agent confirm that nothing of its own uses the device, then take the volume from the host. What is not
 * attached is detached.
 *
 * @returns with `ignore_errors` what was passed over, else an empty list.
 * @throws DriverError VolumeIsBusy: the device is in use. StaleGeneration. UnknownHost. BackendUnavailable: the agent
 *   does not answer.
 * @see cinder/volume/drivers/storpool.py 1.2.1 _detach_volume
 */
export async function detachVolume(
  backend: DeviceBackend,
  input: DetachVolume,
): Promise<{ ignored: string[] }> {
  const ignored: string[] = []
  const perhaps = async (step: () => Promise<void>) => {
    try {
      await step()
    } catch (error) {
      if (!input.ignore_errors || !(error instanceof Error)) throw error
      ignored.push(error.message)
    }
  }
  await perhaps(() => release(backend, input))
  await perhaps(() =>
    terminateConnection(
      backend,
      TerminateConnection.parse({
        volume: input.volume,
        connector: input.connector,
        attachmentId: input.attachmentId,
        generation: input.generation,
        force: input.force,
      }),
    ),
  )
  return { ignored }
}

async function release(backend: DeviceBackend, input: DetachVolume): Promise<void> {
  const host = await knownHost(backend.hosts, input.connector.host)
  const name = volumeRef(backend, input.volume)
  const globalId =
    input.volume.provider_location ??
    (await backend.attachments.noted(name)) ??
    (await orAbsent(volumeSummary(backend.storpool, name)))?.globalId
  if (globalId === undefined) return
  const id = input.attachmentId ?? attachmentId(globalId, host.name, input.instance)
  const attachment = (await backend.attachments.read(globalId)).attachments[id]
  if (attachment === undefined) return
  if (input.generation !== undefined && attachment.generation !== input.generation) {
    throw new DriverError(
      'StaleGeneration',
      `attachment ${id} is at generation ${attachment.generation}, not ${input.generation}`,
      { remedy: 'It is another connection by now: leave it alone.' },
    )
  }
  const agent = await backend.agentOn(host)
  await agent.release(
    {
      clientId: toldId(host),
      volume: { globalId },
      attachment: { id, generation: attachment.generation },
    },
    backend.within(RELEASE_MS),
  )
}
