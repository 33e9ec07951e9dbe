import type { StorPool } from '../storpool/client.ts'
import type { Claim } from './claim.ts'
import type { Hold } from './hold.ts'
import type { KnownSnapshot, KnownVolume } from './model.ts'

/** A host by its name; the rest may be said by the configuration, or by its agent. */
export interface NamedHost {
  readonly name: string
  /** StorPool's number for it, `SP_OURID`. Undefined while nobody has said it. */
  readonly clientId?: number | undefined
  /** Its numbers on named clusters, where it is a client of several. */
  readonly clients?: Readonly<Record<string, number>> | undefined
  /** The number that its agent knows it by, where that is not the one on this cluster. */
  readonly agentId?: number | undefined
  /** Where its agent answers, if it has one. */
  readonly agent?: string | undefined
  /** How many jobs may be at work on it at once. */
  readonly tasks?: number | undefined
}

/** A host that volumes can be attached to. */
export interface Host extends NamedHost {
  readonly clientId: number
}

/** What its agent is told that it is. */
export const toldId = ({ agentId, clientId }: Host): number => agentId ?? clientId

export interface Hosts {
  /** @throws DriverError UnknownHost: its agent says that it is another host, or another client. */
  get(name: string): Promise<NamedHost | undefined>
  all(): Promise<readonly NamedHost[]>
}

/** One configured cluster, as one invocation sees it: every call on it ends by this invocation's deadline. */
export interface Backend {
  readonly storpool: StorPool
  readonly hosts: Hosts
  /** What every name on the cluster begins with; Cinder's default is `os`. */
  readonly prefix: string
  readonly defaults: {
    readonly template?: string | undefined
    /** Copies kept, where no template says so. */
    readonly replication: number
    /** Whether this cluster refuses to revert an attached volume by itself. Where not, we ask first. */
    readonly refusesAttachedRevert: boolean
  }
  /** The job that asks, where one does: its own claim is no obstacle, and the volume it makes bears it. */
  readonly claim?: Claim | undefined
}

export interface Attachment {
  readonly id: string
  readonly host: string
  readonly clientId: number
  readonly mode: 'rw' | 'ro'
  /** What uses it: an instance's id, or `job:<id>`. */
  readonly instance?: string | undefined
  /** Intent, then StorPool, then `attached`; `detaching` until StorPool has agreed. */
  readonly state: 'attaching' | 'attached' | 'detaching'
  /** Only grows over all attachments of a volume. */
  readonly generation: number
}

/** All that is known of one volume's attachments. A volume never seen has generation and version 0. */
export interface Page {
  readonly globalId: string
  readonly generation: number
  /** Counts writes; a write is refused when another came in between. */
  readonly version: number
  readonly attachments: Readonly<Record<string, Attachment>>
  /** What a revert that is under way has to put back afterwards. */
  readonly reverting?: Reverting | undefined
  /** The job that has the volume. */
  readonly claim?: Claim | undefined
  /** The record that it is being given to, or taken from. */
  readonly hold?: Hold | undefined
}

/** A volume's size (bytes) and limits before its revert to a snapshot. */
export interface Reverting {
  readonly snapshot: string
  readonly size: number
  readonly iops: number | '-'
  readonly bw: number | '-'
}

export interface AttachmentBook {
  read(globalId: string): Promise<Page>
  /** @returns false, and nothing written, when the page is not at `page.version` any more. */
  write(page: Page): Promise<boolean>
  /** Remember which volume bore a name when it was attached. */
  note(name: string, globalId: string): Promise<void>
  /** @returns the global id that was last noted for a name. */
  noted(name: string): Promise<string | undefined>
  /** A volume is to lose its name: what was noted for it is true no more. */
  forget(name: string): Promise<void>
}

/** What an agent on a host does for an attachment; functions reach it over a network. */
export interface DeviceAgent {
  /** Tells of an attachment whose device may not be there yet: what has a lower generation is ended first. */
  announce(
    input: {
      readonly clientId: number
      readonly volume: { readonly globalId: string; readonly sizeBytes: number }
      readonly attachment: { readonly id: string; readonly generation: number }
      readonly mode: 'rw' | 'ro'
    },
    deadline: number,
  ): Promise<void>
  /** Waits until the device is there with the stated size, and says where. */
  attachWait(
    input: {
      readonly clientId: number
      readonly volume: { readonly globalId: string; readonly sizeBytes: number }
      readonly attachment: { readonly id: string; readonly generation: number }
      readonly mode: 'rw' | 'ro'
      readonly waitMs: number
    },
    deadline: number,
  ): Promise<{ readonly path: string }>
  /** Confirms that nothing of the agent's own uses the device; afterwards this generation can write no more. */
  release(
    input: {
      readonly clientId: number
      readonly volume: { readonly globalId: string }
      readonly attachment: { readonly id: string; readonly generation: number }
    },
    deadline: number,
  ): Promise<void>
}

/** A backend for operations that attach. */
export interface AttachingBackend extends Backend {
  readonly attachments: AttachmentBook
}

/** A backend for operations that also see to the device on the host. */
export interface DeviceBackend extends AttachingBackend {
  /**
   * The agent on a host, once it has said that it is that host.
   *
   * @throws DriverError HostNotReady: the host has no agent. UnknownHost: it is another host, or another client.
   */
  agentOn(host: Host): Promise<DeviceAgent>
  /** Epoch milliseconds that are so many milliseconds from now, or the invocation's deadline where that is sooner. */
  within(ms: number): number
}

/** @see os-brick, os_brick/initiator/storpool_utils.py os_to_sp_volume_name */
export const volumeName = (backend: Backend, id: string): string => `${backend.prefix}--volume-${id}`

/** @see os-brick, os_brick/initiator/storpool_utils.py os_to_sp_snapshot_name */
export const snapshotName = (backend: Backend, id: string): string =>
  `${backend.prefix}--snap--none--snapshot-${id}`

const byGlobalId = (object: { provider_location?: string | null | undefined }): string | undefined =>
  object.provider_location ? `~${object.provider_location}` : undefined

/** What to call a volume in a StorPool call: its global id where the caller knows it, else its name. */
export const volumeRef = (backend: Backend, volume: KnownVolume): string =>
  byGlobalId(volume) ?? volumeName(backend, volume._name_id ?? volume.id)

export const snapshotRef = (backend: Backend, snapshot: KnownSnapshot): string =>
  byGlobalId(snapshot) ?? snapshotName(backend, snapshot.id)
