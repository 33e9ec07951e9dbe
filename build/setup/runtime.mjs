import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'

const isOld = (version) => Number(version.split('.')[0]) < 24

/** The Node that npm puts first on the path of this project's commands, where there is one for this platform. */
const versionOf = (node) => {
  const { status, stdout } = spawnSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' })
  return status === 0 ? stdout.trim() : undefined
}

/**
 * Put the Node among the packages where npm's commands look first. npm 10 leaves its link out: the package for
 * another processor, which it skips, has one of the same name.
 */
export const linkRuntime = (root) => {
  const link = join(root, 'node_modules/.bin/node')
  const brought = `node-linux-${process.arch}/bin/node`
  const file = join(root, 'node_modules', brought)
  if (process.platform !== 'linux' || existsSync(link) || !existsSync(file)) return
  chmodSync(file, 0o755)
  rmSync(link, { force: true })
  symlinkSync(`../${brought}`, link)
}

/**
 * Whether there is a Node 24 to run the system with.
 *
 * @param {{ fresh: boolean }} packages whether they were installed just now: then the Node among them is tried.
 * @returns {string | undefined} what is missing
 */
export const whyNoRuntime = (root, { fresh }) => {
  const brought = join(root, 'node_modules/.bin/node')
  const there = existsSync(brought)
  if (there && !fresh) return undefined
  const version = there ? versionOf(brought) : process.versions.node
  if (version !== undefined && !isOld(version)) return undefined
  const here = `${process.platform} on ${process.arch}`
  return there
    ? `The Node 24 that npm installed does not run here (${here}): it needs glibc. Install Node 24 yourself.`
    : `Node 24 is missing: npm brings it for Linux on x64 and arm64, not for ${here}, and this is Node ${version}. Install Node 24, then run again: npm run setup`
}
