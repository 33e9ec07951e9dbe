import type { AgentErrorCode } from '../lib/agent/protocol.ts'
import type { Ended } from './children.ts'
import { Refusal } from './refusal.ts'

/**
 * What restic says when it fails, and what that is to a caller; the first that is found counts. Older ones end with 1
 * whatever was wrong, so its words are all there is. @see restic 0.14.0; exit codes came with 0.17
 */
const faults: readonly (readonly [AgentErrorCode, RegExp])[] = [
  ['wrong_password', /wrong password or no key found/],
  ['repository_locked', /already locked/],
  // Gone since it was listed, or made: somebody else is at work.
  [
    'repository_locked',
    /(?:Load|Stat|Remove)\(<(?:lock|snapshot|index)\/.*(?:no such file|key does not exist)/i,
  ],
  // Somebody else's, and goes with him.
  ['repository_locked', /Load\(<lock\/.*permission denied/],
  ['backup_not_found', /invalid id .*no matching ID found/],
  ['no_space', /no space left on device|disk quota exceeded|file too large/],
  [
    'repository_refused',
    /Access ?Denied|InvalidAccessKeyId|Access Key Id|SignatureDoesNotMatch|signature we calculated|permission denied|operation not permitted|read-only file system/i,
  ],
  ['repository_damaged', /config cannot be loaded: ciphertext|unsupported repository version|invalid config/],
  [
    'repository_missing',
    /unable to open config file: (?:stat .*: no such file|Stat: The specified (?:key|bucket) does not exist)|specified bucket does not exist|NoSuch(?:Key|Bucket)/i,
  ],
  // A status, that is, and not a part of a name or a length.
  [
    'repository_unavailable',
    /connection refused|connection reset|no such host|timeout|TLS handshake|x509|network is unreachable|no route to host|unexpected EOF|: EOF|\b50[0234]\b(?![,)])|SlowDown|reduce your request rate|temporar|stale NFS|input\/output error|unable to open config file/i,
  ],
  [
    'repository_damaged',
    /ciphertext verification failed|not found in (?:index|repository)|invalid data|does not match|contains errors|repository contains|error for tree|incomplete pack|LoadTree|Load\(<(?:data|key)\/.*(?:no such file|key does not exist)/i,
  ],
]

const remedies: Partial<Record<AgentErrorCode, string>> = {
  wrong_password: 'Correct the password in the secret of the store',
  repository_refused: 'Let the backup user own the folder, or the keys reach the bucket; see docs/agent.md',
  repository_missing: 'It is made by the first backup',
  repository_damaged: 'Look with restic check; see its manual for what can be repaired',
  no_space: 'Make room where the repository is',
}

/**
 * A failure of restic's as a refusal.
 *
 * @param hidden what must be in no message
 */
export const resticFault = (
  command: string,
  { code, signal, stderr }: Ended,
  hidden: readonly string[],
): Refusal => {
  const said = hidden.reduce((text, secret) => text.replaceAll(secret, '***'), stderr).slice(-600)
  const [is = 'io_error'] = faults.find(([, words]) => words.test(stderr)) ?? []
  const remedy = remedies[is] === undefined ? '' : `. ${remedies[is]}`
  const how = said || `it was ended by ${signal ?? code}`
  return new Refusal(is, `restic ${command} failed: ${how}${remedy}`)
}
