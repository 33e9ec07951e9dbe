import { DriverError, type DriverErrorName } from '../errors.ts'

/** What the agent's codes are in the driver's words; any other is `VolumeBackendError`. */
const names: Readonly<Record<string, DriverErrorName>> = {
  bad_request: 'InvalidInput',
  format_refused: 'InvalidInput',
  format_mismatch: 'InvalidInput',
  image_too_large: 'InvalidInput',
  digest_mismatch: 'InvalidInput',
  source_not_found: 'InvalidInput',
  source_refused: 'InvalidInput',
  source_changed: 'Conflict',
  source_unavailable: 'BackendUnavailable',
  destination_exists: 'Conflict',
  destination_refused: 'InvalidInput',
  destination_unavailable: 'BackendUnavailable',
  size_mismatch: 'Conflict',
  request_conflict: 'Conflict',
  stale_generation: 'StaleGeneration',
  volume_in_use: 'VolumeIsBusy',
  not_attached: 'HostNotReady',
  device_timeout: 'HostNotReady',
  too_many_tasks: 'HostNotReady',
  wrong_host: 'UnknownHost',
  repository_missing: 'InvalidInput',
  backup_not_found: 'InvalidInput',
  repository_locked: 'BackendUnavailable',
  repository_unavailable: 'BackendUnavailable',
  no_space: 'InsufficientCapacity',
}

const wrongPair =
  "Put the pair of the role that this takes where AGENT_CREDENTIALS_SECRET leads, signed by the agent's authority."
const remedies: Readonly<Record<string, string>> = {
  unauthenticated: wrongPair,
  forbidden: wrongPair,
  digest_mismatch: 'Compare the digest that was asked for with that of the image.',
  image_too_large: 'Extend the volume, or take another image.',
  source_not_found: 'Correct the name of the image, or put it there.',
  source_refused: 'Let what opens the store read the image.',
  source_changed: 'The image was replaced while it was read: ask again.',
  source_unavailable: 'Ask again when the server of the image answers.',
  destination_exists: 'Name another destination, or remove what is there.',
  destination_refused: 'Let what opens the store write there.',
  destination_unavailable: 'Ask again when the server of the destination answers.',
  repository_locked: 'Ask again when whoever has the lock is done: restic list locks.',
  repository_unavailable: 'Ask again when the place of the repository answers.',
  wrong_password: 'Correct the password of the store, in STORES_SECRET or STORES_FILE.',
  no_space: 'Make room on the disk that is named, or take another host.',
  not_attached: 'Look who has detached the volume, then ask again.',
  io_error: "Look at the agent's log on that host.",
}

/** What the agent said, in the driver's words. The agent's own code stays in the details. */
export const fromAgent = (code: string, message: string, details: unknown): DriverError =>
  new DriverError(names[code] ?? 'VolumeBackendError', message, {
    ...(remedies[code] !== undefined && { remedy: remedies[code] }),
    details: { agent: code, ...(details === undefined ? {} : { reasons: details }) },
  })
