import type { AttachingBackend } from '../lib/driver/backend.ts'
import { CheckForSetupError, checkForSetupError } from '../lib/driver/check-for-setup-error.ts'
import { CreateClonedVolume, createClonedVolume } from '../lib/driver/create-cloned-volume.ts'
import { CreateSnapshot, createSnapshot } from '../lib/driver/create-snapshot.ts'
import { CreateVolume, createVolume } from '../lib/driver/create-volume.ts'
import {
  CreateVolumeFromSnapshot,
  createVolumeFromSnapshot,
} from '../lib/driver/create-volume-from-snapshot.ts'
import { DeleteSnapshot, deleteSnapshot } from '../lib/driver/delete-snapshot.ts'
import { DeleteVolume, deleteVolume } from '../lib/driver/delete-volume.ts'
import { ExtendVolume, extendVolume } from '../lib/driver/extend-volume.ts'
import { GetPool, getPool } from '../lib/driver/get-pool.ts'
import { GetVolumeStats, measureVolumeStats } from '../lib/driver/get-volume-stats.ts'
import { InitializeConnection, initializeConnection } from '../lib/driver/initialize-connection.ts'
import { Retype, retype } from '../lib/driver/retype.ts'
import { RevertToSnapshot, revertToSnapshot } from '../lib/driver/revert-to-snapshot.ts'
import { TerminateConnection, terminateConnection } from '../lib/driver/terminate-connection.ts'
import { ValidateConnector, validateConnector } from '../lib/driver/validate-connector.ts'

/** One operation at its place in a volume's life. */
export interface Step {
  /** The stem of its files. */
  readonly name: string
  /** What a caller sends, for the n-th life. */
  readonly input: (life: string) => object
  readonly run: (backend: AttachingBackend, input: object) => Promise<unknown>
}

const step = <Input>(
  name: string,
  schema: { parse(input: object): Input },
  run: (backend: AttachingBackend, input: Input) => Promise<unknown>,
  input: Step['input'],
): Step => ({ name, input, run: (backend, given) => run(backend, schema.parse(given)) })

const volume = (life: string) => ({ id: `${life}-volume`, size: 1 })
const copy = (life: string) => ({ id: `${life}-copy`, size: 1 })
const clone = (life: string) => ({ id: `${life}-clone`, size: 1 })
const snapshot = (life: string) => ({ id: `${life}-snapshot`, volume_id: volume(life).id, volume_size: 1 })
const connector = { host: 'host-1' }

/** Operations in an order in which each finds what it needs. */
export const cycle: readonly Step[] = [
  step('check-for-setup-error', CheckForSetupError, checkForSetupError, () => ({})),
  step('get-volume-stats', GetVolumeStats, measureVolumeStats, () => ({})),
  step('create-volume', CreateVolume, createVolume, (life) => ({ volume: volume(life) })),
  step('get-pool', GetPool, getPool, (life) => ({ volume: volume(life) })),
  step('create-cloned-volume', CreateClonedVolume, createClonedVolume, (life) => ({
    volume: clone(life),
    src_vref: volume(life),
  })),
  step('extend-volume', ExtendVolume, extendVolume, (life) => ({ volume: clone(life), new_size: 2 })),
  step('retype', Retype, retype, (life) => ({
    volume: clone(life),
    new_type: { extra_specs: { storpool_template: 'ssd' } },
  })),
  step('create-snapshot', CreateSnapshot, createSnapshot, (life) => ({ snapshot: snapshot(life) })),
  step('create-volume-from-snapshot', CreateVolumeFromSnapshot, createVolumeFromSnapshot, (life) => ({
    volume: copy(life),
    snapshot: snapshot(life),
  })),
  step('revert-to-snapshot', RevertToSnapshot, revertToSnapshot, (life) => ({
    volume: volume(life),
    snapshot: snapshot(life),
  })),
  step('validate-connector', ValidateConnector, validateConnector, () => ({ connector })),
  step('initialize-connection', InitializeConnection, initializeConnection, (life) => ({
    volume: copy(life),
    connector,
  })),
  step('terminate-connection', TerminateConnection, terminateConnection, (life) => ({
    volume: copy(life),
    connector,
  })),
  step('delete-volume', DeleteVolume, deleteVolume, (life) => ({ volume: copy(life) })),
  step('delete-snapshot', DeleteSnapshot, deleteSnapshot, (life) => ({ snapshot: snapshot(life) })),
]

/** Ends the life that a cycle began, outside of the measurement. */
export const farewell = async (backend: AttachingBackend, life: string): Promise<void> => {
  for (const left of [clone(life), volume(life)]) await deleteVolume(backend, { volume: left })
}
