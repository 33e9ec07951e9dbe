import { DriverError } from '../errors.ts'
import type { Tags } from '../storpool/schema/values.ts'
import type { VolumeType } from './model.ts'

/** What a type asks of a volume beside its template: limits, and the class of service as a tag. */
export interface Policy {
  readonly iops?: number | '-'
  readonly bw?: number | '-'
  readonly tags: Tags
}

const limit = (text: string): number | '-' => (text === '-' ? '-' : Number(text))

/** @throws DriverError NotSupported: the type asks for replication, which this driver does not do. */
export function policyOf(type: VolumeType | null | undefined): Policy {
  const { iops, bw, qc, replication_enabled } = type?.extra_specs ?? {}
  if (replication_enabled !== undefined && /true/i.test(replication_enabled)) {
    throw new DriverError(
      'NotSupported',
      `volume type ${type?.name ?? type?.id ?? ''} asks for replication_enabled`,
      {
        remedy:
          'Take replication_enabled out of the type: copies are kept by the template, other sites by backups.',
      },
    )
  }
  return {
    ...(iops === undefined ? {} : { iops: limit(iops) }),
    ...(bw === undefined ? {} : { bw: limit(bw) }),
    tags: qc === undefined ? {} : { qc },
  }
}

/** Either both are encrypted or neither: else one side would read the other's ciphertext as data. */
export function refuseMixedEncryption(
  what: string,
  one: { encryption_key_id?: string | null | undefined },
  other: { encryption_key_id?: string | null | undefined },
): void {
  if (Boolean(one.encryption_key_id) === Boolean(other.encryption_key_id)) return
  throw new DriverError(
    'NotSupported',
    `${what} from an encrypted to an unencrypted volume, or back, would corrupt it`,
    {
      remedy: 'Use volume types that are both encrypted, or both not.',
    },
  )
}
