import * as z from 'zod'
import { DriverError } from '../errors.ts'

/** `[before, after]` of every key that differs, or is the same and was compared. */
const Changes = z.record(z.string(), z.tuple([z.unknown(), z.unknown()]))
type Changes = z.infer<typeof Changes>

/** @see cinder/volume/volume_types.py volume_types_diff */
export const Diff = z.strictObject({
  encryption: Changes.nullish(),
  qos_specs: Changes.nullish(),
  extra_specs: Changes.nullish(),
})
export type Diff = z.infer<typeof Diff>

export const changed = (
  changes: Changes | null | undefined,
  key: string,
): readonly [unknown, unknown] | undefined => {
  const pair = changes?.[key]
  return pair !== undefined && pair[0] !== pair[1] ? pair : undefined
}

/** Why a type cannot be had on this backend at all: the data has to be migrated. Undefined where it can. */
export const needsOther = ({ extra_specs }: Diff): string | undefined => {
  const moved = changed(extra_specs, 'volume_backend_name')
  return moved && `volume_backend_name changes to ${String(moved[1])}: migrate the volume`
}

/** @throws DriverError NotSupported. */
export const refuseUnsupported = ({ encryption, qos_specs }: Diff): void => {
  const differs = (changes: Changes | null | undefined) =>
    Object.keys(changes ?? {}).some((key) => changed(changes, key) !== undefined)
  if (differs(encryption)) {
    throw new DriverError('NotSupported', 'the encryption of a volume cannot be changed in place', {
      remedy: 'Create a volume of the new type and copy the data on a host.',
    })
  }
  if (differs(qos_specs)) {
    throw new DriverError('NotSupported', 'QoS specs are not carried out by this driver', {
      remedy: 'Put iops, bw or qc into the extra specs of the volume type.',
    })
  }
}
