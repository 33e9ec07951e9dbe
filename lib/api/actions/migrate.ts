import * as z from 'zod'
import { poolOf } from '../../driver/get-pool.ts'
import { begin } from '../../volumes/begin.ts'
import type { BlockStorage } from '../../volumes/block-storage.ts'
import { findVolume } from '../../volumes/find.ts'
import { serviceOf } from '../../volumes/migration.ts'
import { placeFor } from '../../volumes/placement.ts'
import type { VolumeRecord } from '../../volumes/record.ts'
import { badRequest, invalidVolume } from '../../volumes/refusal.ts'
import { serviceNames } from '../../volumes/services.ts'
import { typeOf } from '../../volumes/types.ts'
import { Bool } from '../fields.ts'
import { action, refuseState } from './action.ts'

const allowed = ['available', 'in-use'] as const
const over = [null, 'error', 'success']

/** @throws ApiError 400 */
export const refuseMigrating = ({ id, migrationStatus }: VolumeRecord): void => {
  if (over.includes(migrationStatus)) return
  throw invalidVolume(`Volume ${id} is already part of an active migration: ${migrationStatus}.`)
}

const check = (volume: VolumeRecord) => {
  refuseState('os-migrate_volume', volume, allowed)
  refuseMigrating(volume)
  if (volume.snapshots.length > 0) throw invalidVolume(`Volume ${volume.id} must not have snapshots.`)
  if (volume.status === 'in-use') {
    throw invalidVolume(`Volume ${volume.id} is in use: a host copies it, so it has to be detached first.`)
  }
}

const invalidHost = (reason: string) => badRequest(`Invalid host: ${reason}`)

/** `host@backend#pool` that a volume can be migrated to. @throws ApiError 400 */
async function targetOf(storage: BlockStorage, volume: VolumeRecord, host: string): Promise<string> {
  const service = serviceOf(host)
  const { settings } = storage
  if (!serviceNames(storage).includes(service)) throw invalidHost(`No available service named ${service}`)
  if (service === serviceOf(volume.host)) {
    throw invalidHost('Destination host must be different than the current host. A pool comes with the type.')
  }
  const type = await typeOf(storage, volume.typeId)
  const { volume_backend_name: named, storpool_template: template } = type.extraSpecs
  if (named !== undefined && serviceOf(placeFor(type, settings.service, settings.backends)) !== service) {
    throw invalidHost(`Volumes of type ${type.name} are on ${named}. Retype it with a migration instead.`)
  }
  return `${service}#${poolOf(template)}`
}

/** Locked in any case: the host that copies has the volume to itself. @see cinder/volume/api.py migrate_volume */
export const migrate = action({
  summary: 'Migrate a volume to another backend',
  rule: 'volume:migrate',
  body: (version) =>
    z.strictObject({
      host: z.string('is not text').min(1, 'is empty').max(255, 'is too long').nullish(),
      cluster: version >= 16 ? z.string().nullish() : z.undefined().optional(),
      force_host_copy: Bool.nullish(),
      lock_volume: Bool.nullish(),
    }),
  status: 202,
  allowed,
  working: 'maintenance',
  async run({ storage, caller }, id, { host }) {
    if (host === null || host === undefined)
      throw badRequest('host must be named: there are no clusters here.')
    const volume = await findVolume(storage, caller, id)
    check(volume)
    const to = await targetOf(storage, volume, host)
    await begin(storage, caller, id, {
      ...{ action: 'os-migrate_volume', input: { to }, working: 'maintenance', check },
      meanwhile: { migrationStatus: 'starting' },
    })
    return undefined
  },
})

/**
 * A migration is one job here and completes itself, so there is never a pair of volumes that waits for it.
 *
 * @see cinder/volume/api.py migrate_volume_completion
 */
export const migrateCompletion = action({
  summary: 'Complete a migration that somebody else carried out: there is none',
  rule: 'volume:migrate',
  body: z.strictObject({ new_volume: z.uuid('is not a uuid'), error: Bool.nullish() }),
  status: 200,
  async run({ storage, caller }, id, { new_volume }) {
    const [volume, other] = [
      await findVolume(storage, caller, id),
      await findVolume(storage, caller, new_volume),
    ]
    if (over.includes(volume.migrationStatus)) throw invalidVolume('Source volume not mid-migration.')
    if (over.includes(other.migrationStatus)) throw invalidVolume('Destination volume not mid-migration.')
    throw invalidVolume(
      `Destination has migration_status ${other.migrationStatus}, expected target:${volume.id}.`,
    )
  },
})
