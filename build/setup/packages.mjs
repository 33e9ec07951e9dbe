import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const packagesOf = (file) => JSON.parse(readFileSync(file, 'utf8')).packages

const allows = (wanted, here) => {
  const list = [wanted ?? []].flat()
  const refused = list.filter((one) => one.startsWith('!'))
  return refused.includes(`!${here}`) ? false : list.length === refused.length || list.includes(here)
}

/**
 * Whether npm installs a package of the lock here. An optional one is for some platform; one that names none is
 * wanted by such a package only, and one that names a C library is left to npm, as Node has no quick word for ours.
 */
const belongsHere = ({ optional, os, cpu, libc }) =>
  optional !== true ||
  ((os !== undefined || cpu !== undefined) &&
    libc === undefined &&
    allows(os, process.platform) &&
    allows(cpu, process.arch))

/**
 * Compare what npm says it installed with the lock, and with the disk: a folder that was begun has no
 * `.package-lock.json`, as npm writes it last.
 *
 * @returns {string | undefined} what is wrong, or undefined where nothing is to be done
 */
export const whyPackagesNeedWork = (root) => {
  const installedFile = join(root, 'node_modules/.package-lock.json')
  if (!existsSync(installedFile)) {
    return existsSync(join(root, 'node_modules')) ? 'node_modules is not whole' : 'there is no node_modules'
  }
  let installed
  try {
    installed = packagesOf(installedFile)
  } catch {
    return 'node_modules is not whole'
  }

  const wanted = packagesOf(join(root, 'package-lock.json'))
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '') continue
    const there = installed[path]
    if (there === undefined) {
      if (belongsHere(entry)) return `${path} is missing`
    } else if (there.version !== entry.version || there.integrity !== entry.integrity) {
      return `${path} is not the one in package-lock.json`
    } else if (!existsSync(join(root, path, 'package.json'))) {
      return `${path} is missing`
    }
  }
  const extra = Object.keys(installed).find((path) => wanted[path] === undefined)
  return extra === undefined ? undefined : `${extra} is not in package-lock.json`
}

/** npm as it was called, or the one on the path; never with the Node inside the folder it is about to replace. */
const npm = () => {
  const { npm_execpath: script, npm_node_execpath: node } = process.env
  return script?.endsWith('npm-cli.js') ? [node ?? process.execPath, script] : ['npm']
}

/** @returns {boolean} whether it went well; npm has said what did not. */
export const installPackages = (root, reason) => {
  console.log(`Installing the Node packages of package-lock.json into node_modules (${reason}) ...`)
  // Gone first: whatever cuts this off, the next run knows.
  rmSync(join(root, 'node_modules/.package-lock.json'), { force: true })

  const [program, ...before] = npm()
  // npm itself runs on the Node that is here, and would warn that this project wants a newer one: it brings it.
  const flags = ['ci', '--ignore-scripts', '--include=dev', '--include=optional', '--loglevel=error']
  const { status, signal, error } = spawnSync(program, [...before, ...flags], { cwd: root, stdio: 'inherit' })
  if (status === 0) return true
  const why =
    error?.message ?? (signal === null ? `npm ended with ${status}` : `npm was stopped by ${signal}`)
  console.error(`The Node packages are not installed: ${why}. Run again: npm run setup`)
  return false
}
