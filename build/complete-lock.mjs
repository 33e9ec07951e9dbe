// Completes package-lock.json: `node build/complete-lock.mjs`, after a change of dependencies.
// A registry need not carry the builds of a package for every platform. `npm install` then leaves those out of the
// lock without a word, and `npm ci` refuses the lock for lacking them. What is named by version can be written down
// without having been seen; npm asks for it only on the platform in its name.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const file = join(dirname(dirname(fileURLToPath(import.meta.url))), 'package-lock.json')

const systems = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
]
const processors = ['arm64', 'x64', 'arm', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x']

/** The platform in a name such as `@biomejs/cli-linux-x64-musl`. */
const platformIn = (name) => {
  const words = name.split(/[/-]/)
  const os = systems.find((one) => words.includes(one))
  const cpu = processors.find((one) => words.includes(one))
  if (os === undefined || cpu === undefined) return undefined
  const c = words.at(-1)
  const libc = c.startsWith('musl') ? ['musl'] : c.startsWith('gnu') ? ['glibc'] : undefined
  return { os: [os], cpu: [cpu], ...(libc !== undefined && os === 'linux' && { libc }) }
}

/**
 * The entries that are missing from a lock: optional packages for one platform, named at an exact version.
 *
 * @param {Record<string, object>} packages `packages` of a lock
 */
export const missingEntries = (packages) => {
  const missing = {}
  for (const entry of Object.values(packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const path = `node_modules/${name}`
      const platform = platformIn(name)
      if (packages[path] !== undefined || platform === undefined || !/^\d+\.\d+\.\d+$/.test(version)) continue
      const { dev, peer } = entry
      missing[path] = { version, ...(dev && { dev }), optional: true, ...(peer && { peer }), ...platform }
    }
  }
  return missing
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const lock = JSON.parse(readFileSync(file, 'utf8'))
  const missing = missingEntries(lock.packages)
  const all = Object.entries({ ...lock.packages, ...missing })
  lock.packages = Object.fromEntries(all.sort(([a], [b]) => a.localeCompare(b, 'en')))
  if (Object.keys(missing).length > 0) writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
  console.log(`${Object.keys(missing).length} entries added to package-lock.json`)
}
