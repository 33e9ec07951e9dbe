import { spawnSync } from 'node:child_process'
import { accessSync, constants, readdirSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The system's programs that the agent calls, and the Debian package of each. */
const packageOf = { 'qemu-img': 'qemu-utils', restic: 'restic', setpriv: 'util-linux', prlimit: 'util-linux' }

const isThere = (command) =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => {
    const file = join(folder, command)
    try {
      accessSync(file, constants.X_OK)
      return statSync(file).isFile()
    } catch {
      return false
    }
  })

/** @returns {string[]} the commands that are not on the path */
export const missingTools = () => Object.keys(packageOf).filter((command) => !isThere(command))

const apt = (...words) =>
  spawnSync('apt-get', ['-o', 'DPkg::Lock::Timeout=120', ...words], {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })

const hasLists = () => {
  try {
    return readdirSync('/var/lib/apt/lists').some((name) => name.includes('_Packages'))
  } catch {
    return false
  }
}

/**
 * Install the packages of these commands where that can be done without asking: with apt, by root. Elsewhere say
 * what to run, and go on.
 *
 * @returns {boolean} whether the commands are there now
 */
export const installTools = (commands) => {
  const packages = [...new Set(commands.map((command) => packageOf[command]))]
  const install = ['install', '-y', '--no-install-recommends', ...packages]
  const without = `Without ${commands.join(', ')} jobs that need them fail (qemu-img copies, restic backs up); everything else works.`

  if (!isThere('apt-get')) {
    console.log(
      `${without} To install: ${packages.join(', ')} (as Debian calls them; there is no apt-get here)`,
    )
    return false
  }
  if (process.getuid?.() !== 0) {
    console.log(`${without} To install, run: sudo apt-get update && sudo apt-get ${install.join(' ')}`)
    return false
  }

  console.log(`Installing with apt-get: ${packages.join(', ')} (for ${commands.join(', ')}) ...`)
  let tried = hasLists() ? apt(...install) : undefined
  if (tried?.status !== 0) {
    // No package lists, or older than what the mirror still has.
    const update = apt('update')
    tried = update.status === 0 ? apt(...install) : update
  }
  if (tried.status === 0 && missingTools().length === 0) return true
  console.error(`${tried.stdout ?? ''}${tried.stderr ?? ''}${tried.error?.message ?? ''}`.trimEnd())
  console.error(
    `${without} apt-get did not bring them, see above. To install, run: apt-get ${install.join(' ')}`,
  )
  return false
}
