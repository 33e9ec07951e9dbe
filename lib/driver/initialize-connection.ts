import * as z from 'zod'
import { DriverError } from '../errors.ts'
import { attachmentId } from '../ids.ts'
import type { VolumeSummary } from '../storpool/schema/answers.ts'
import { volumeSummary } from '../storpool/volumes.ts'
import { attach } from './attach.ts'
import { type AttachingBackend, type Attachment, type Page, volumeName, volumeRef } from './backend.ts'
import { knownHost } from './known-host.ts'
import { AccessMode, type ConnectionInfo, Connector, KnownVolume } from './model.ts'
import { orAbsent } from './settle.ts'

export const AttachmentId = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[A-Za-z0-9_.:-]+$/, 'must be letters, digits and _ - . : only')
  // The book keeps attachments in an object by their ids.
  .refine((id) => !(id in Object.prototype), 'is a name that JavaScript uses itself')

export const InitializeConnection = z.strictObject({
  volume: KnownVolume,
  connector: Connector,
  /** Else the connector's, else `rw`. */
  mode: AccessMode.optional(),
  /** Take the volume from whoever has it, in the same call. */
  exclusive: z.boolean().default(false),
  /** Else made from the volume, the host and the instance, so that a repeat gives the same. */
  attachmentId: AttachmentId.optional(),
  /** What on the host uses it: two instances have two attachments. */
  instance: z.string().min(1).max(128).optional(),
})
export type InitializeConnection = z.infer<typeof InitializeConnection>

/** What is to be attached. */
type Connected = Pick<VolumeSummary, 'name' | 'globalId' | 'size'>

/** A volume and its page of the book as they were a moment ago. */
export interface Look {
  readonly volume: Connected | undefined
  readonly page: Page | undefined
}

async function lookAt(backend: AttachingBackend, asked: KnownVolume): Promise<Look> {
  const known = asked.provider_location
  const [volume, page] = await Promise.all([
    orAbsent(volumeSummary(backend.storpool, volumeRef(backend, asked))),
    known ? backend.attachments.read(known) : undefined,
  ])
  return { volume, page }
}

export interface Connecting {
  /** By whoever knows the volume, which saves to ask for it. That it is gone is told by StorPool then, which has to attach it. */
  readonly look?: Look | undefined
  readonly announce?: (volume: Connected, attachment: Attachment) => Promise<void>
  /** As {@link attach}: writes down the connection while the book is told of it. */
  readonly record?: (conn: ConnectionInfo) => Promise<void>
}

/**
 * Attach a volume to the connector's host and say how to reach it there. The attachment is in the book under an
 * id and a generation; who knows both can end exactly this one.
 *
 * @throws DriverError UnknownHost. VolumeNotFound. VolumeIsBusy, HostNotReady, AttachLimit: as {@link attach}.
 * @see cinder/volume/drivers/storpool.py initialize_connection, which attaches nothing
 */
export async function initializeConnection(
  backend: AttachingBackend,
  input: InitializeConnection,
  connecting: Omit<Connecting, 'announce'> = {},
): Promise<ConnectionInfo> {
  return (await connectVolume(backend, input, connecting)).conn
}

/** {@link initializeConnection}, with the volume as it was found. */
export async function connectVolume(
  backend: AttachingBackend,
  input: InitializeConnection,
  { look, announce, record }: Connecting = {},
): Promise<{ readonly conn: ConnectionInfo; readonly volume: Connected }> {
  const host = await knownHost(backend.hosts, input.connector.host)
  const { volume, page } = look ?? (await lookAt(backend, input.volume))
  if (volume === undefined)
    throw new DriverError('VolumeNotFound', `no volume ${volumeRef(backend, input.volume)} on the cluster`)
  const mode = input.mode ?? input.connector.mode ?? 'rw'
  const conn = ({ id, generation }: Attachment): ConnectionInfo => ({
    driver_volume_type: 'storpool',
    data: {
      client_id: host.clientId,
      volume: namedAfter(backend, volume.name) ?? input.volume.id,
      access_mode: mode,
      globalId: volume.globalId,
      attachmentId: id,
      generation,
    },
  })
  const made = await attach(backend, {
    volume,
    host,
    mode,
    id: input.attachmentId ?? attachmentId(volume.globalId, host.name, input.instance),
    instance: input.instance,
    others: input.exclusive ? 'take' : 'share',
    isById: input.volume.provider_location === volume.globalId,
    seen: page?.globalId === volume.globalId ? page : undefined,
    ...(announce && { announce: (attachment: Attachment) => announce(volume, attachment) }),
    ...(record && { record: (attachment: Attachment) => record(conn(attachment)) }),
  })
  return { conn: conn(made), volume }
}

/**
 * The id that an object is named after: os-brick makes the name from it again, and attaches what bears that name. After
 * a migration that is another id than the volume's own.
 */
const namedAfter = (backend: AttachingBackend, name: string): string | undefined => {
  const beginning = volumeName(backend, '')
  return name.startsWith(beginning) ? name.slice(beginning.length) : undefined
}
