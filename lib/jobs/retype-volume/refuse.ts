import { needsOther, refuseUnsupported } from '../../driver/retype-changes.ts'
import { DriverError } from '../../errors.ts'
import type { RetypeVolumeInput } from './document.ts'

/**
 * What cannot be had in place is known from the asking alone.
 *
 * @throws DriverError NotSupported.
 */
export function refuseElsewhere({ diff }: Pick<RetypeVolumeInput, 'diff'>): void {
  const reason = needsOther(diff)
  if (reason !== undefined) {
    throw new DriverError('NotSupported', reason, {
      remedy: 'A retype keeps a volume on its backend: ask for migrate-volume, then retype it there.',
    })
  }
  refuseUnsupported(diff)
}
