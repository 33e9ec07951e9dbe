import { execFileSync } from 'node:child_process'
import type { Tools } from './tools.ts'

export interface CopyUser {
  readonly uid: number
  readonly gid: number
}

/** What children are kept from, beyond their limits. Only root can keep them from it. */
export interface Guard {
  /** Whom they run as, with no capability; undefined where that is the agent itself. */
  readonly user: CopyUser | undefined
  /** Whether each gets a network of its own, with nothing in it. */
  readonly noNetwork: boolean
  /** What they are not kept from, each as a sentence that says why. */
  readonly lacks: readonly string[]
}

/**
 * Try once what can be had on this host. In a container root may be root in name only.
 *
 * @param user whom children are to run as
 */
export const findGuard = ({ qemuImg, setpriv, unshare }: Tools, user: CopyUser): Guard => {
  if (process.getuid?.() !== 0) {
    const lacks = ["The agent does not run as root: its children have its own user, and the host's network"]
    return { user: undefined, noNetwork: false, lacks }
  }
  // What is missing is said already.
  const userFault = setpriv && qemuImg && whyNot(qemuImg, ['--version'], user)
  const networkFault = unshare && whyNot(unshare, ['--net', '--', unshare, '--version'])
  return {
    user: setpriv !== undefined && userFault === undefined ? user : undefined,
    noNetwork: unshare !== undefined && networkFault === undefined,
    lacks: [
      ...(userFault
        ? [
            `Children run as root, as user ${user.uid} cannot run ${qemuImg}: ${userFault}. Let others read it`,
          ]
        : []),
      ...(networkFault
        ? [`Children have the host's network, as an empty one cannot be made: ${networkFault}`]
        : []),
    ],
  }
}

/** What makes setpriv become another user for good. */
export const becoming = ({ uid, gid }: CopyUser): string[] => [
  `--reuid=${uid}`,
  `--regid=${gid}`,
  '--clear-groups',
  '--inh-caps=-all',
  '--bounding-set=-all',
]

/** @returns undefined where the program ran and was content */
const whyNot = (program: string, args: readonly string[], user?: CopyUser): string | undefined => {
  try {
    execFileSync(program, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
      env: { LC_ALL: 'C' },
      timeout: 5_000,
      ...user,
    })
    return undefined
  } catch (error) {
    if (!(error instanceof Error)) return String(error)
    const said = 'stderr' in error && typeof error.stderr === 'string' ? error.stderr.trim() : ''
    return said || error.message
  }
}
