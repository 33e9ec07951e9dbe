import * as z from 'zod'
import { retype } from '../driver/retype.ts'
import { DriverError } from '../errors.ts'
import type { BlockStorage } from './block-storage.ts'
import { driverType, knownVolume } from './driver-model.ts'
import { migrated, serviceOf, submitMigration } from './migration.ts'
import type { Operation, Outcome } from './operation.ts'
import { placeFor } from './placement.ts'
import type { Amounts } from './quotas.ts'
import type { TypeRecord, VolumeRecord } from './record.ts'
import { says, typeOf } from './types.ts'

export const MigrationPolicy = z.enum(['never', 'on-demand'])
const Input = z.object({ type: z.string(), policy: MigrationPolicy })

/** What a volume counts by its type. */
export const typeAmounts = (size: number, typeId: string): Amounts => ({
  [`volumes:${typeId}`]: 1,
  [`gigabytes:${typeId}`]: size,
})

type Changes = Record<string, [string | undefined, string | undefined]>

/** Every key that either type has, with what it says. @see cinder/volume/volume_types.py volume_types_diff */
const changesOf = (from: TypeRecord, to: TypeRecord): Changes => {
  const keys = new Set([...Object.keys(from.extraSpecs), ...Object.keys(to.extraSpecs)])
  // Where it is put has been decided: two names may be of one backend.
  keys.delete('volume_backend_name')
  return Object.fromEntries([...keys].map((key) => [key, [from.extraSpecs[key], to.extraSpecs[key]]]))
}

const of = (volume: VolumeRecord, to: TypeRecord, place: Partial<VolumeRecord>): Outcome => ({
  done: { ...place, typeId: to.id, multiattach: says(to, 'multiattach') },
  freed: typeAmounts(volume.size, volume.typeId),
})

const hostFor = ({ settings }: BlockStorage, type: TypeRecord): string =>
  placeFor(type, settings.service, settings.backends)

/** In place where the backend is the same; else its data is copied, if that may be. */
export const retyping: Operation = {
  doing: 'retype volume',
  async run(storage, volume, input) {
    const { type, policy } = Input.parse(input)
    const [from, to] = await Promise.all([typeOf(storage, volume.typeId), typeOf(storage, type)])
    const host = hostFor(storage, to)
    if (serviceOf(host) !== serviceOf(volume.host)) {
      if (policy === 'on-demand') return { job: await submitMigration(storage, volume, host, to) }
      throw new DriverError(
        'NotSupported',
        `volumes of type ${to.name} are on ${serviceOf(host)}, and migration_policy is never`,
        { remedy: 'Ask for migration_policy on-demand.' },
      )
    }
    const done = await retype(await storage.backend(volume.host), {
      volume: knownVolume(volume),
      new_type: driverType(to),
      diff: { extra_specs: changesOf(from, to) },
    })
    if (!done.retyped) throw new DriverError('NotSupported', done.reason)
    return of(volume, to, { host })
  },
  async ended(storage, volume, input, job) {
    return of(volume, await typeOf(storage, Input.parse(input).type), migrated(volume, job))
  },
}
