import type { DeviceBackend } from '../lib/driver/backend.ts'

/** One operation at its place in a volume's life. */
export interface Step {
  /** The stem of its files. */
  readonly name: string
  /** What a caller sends, for the life of this name. */
  readonly input: (life: string) => object
  /** The function behind the handler, with its input checked. */
  readonly run: (backend: DeviceBackend, input: object) => Promise<unknown>
}

export const step = <Input>(
  name: string,
  schema: { parse(input: object): Input },
  run: (backend: DeviceBackend, input: Input) => Promise<unknown>,
  input: Step['input'],
): Step => ({ name, input, run: (backend, given) => run(backend, schema.parse(given)) })

const volumeOf = (part: string) => (life: string) => ({ id: `${life}-${part}`, size: 1 })

/** The objects of one life, by what becomes of them. */
export const volume = volumeOf('volume')
export const clone = volumeOf('clone')
export const copy = volumeOf('copy')
/** What the copy is called when it has migrated, and the clone when it was managed anew. */
export const migrated = volumeOf('migrated')
export const managed = volumeOf('managed')

const snapshotOf = (part: string) => (life: string) => ({
  id: `${life}-${part}`,
  volume_id: volume(life).id,
  volume_size: 1,
})
export const snapshot = snapshotOf('snapshot')
export const managedSnapshot = snapshotOf('managed-snapshot')

export const group = (life: string) => ({
  group_snapshot: { id: `${life}-group` },
  snapshots: [volume, clone].map((of, n) => ({ id: `${life}-group-${n}`, volume_id: of(life).id })),
})

export const connector = { host: 'host-1' }
