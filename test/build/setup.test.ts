import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root, runNode } from './run.ts'

/** What npm does, as far as set-up can see: the packages of the lock for this platform, and its own note last. */
const npm = `
  const { appendFileSync, mkdirSync, readFileSync, writeFileSync } = require('node:fs')
  appendFileSync('npm.log', process.argv.slice(2).join(' ') + '\\n')
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  const here = Object.entries(packages).filter(([path, { os }]) => path !== '' && (!os || os[0] === process.platform))
  for (const [path] of here) {
    mkdirSync(path, { recursive: true })
    writeFileSync(path + '/package.json', '{}')
    if (process.env.CUT_OFF) process.kill(process.pid, 'SIGKILL')
  }
  writeFileSync('node_modules/.package-lock.json', JSON.stringify({ packages: Object.fromEntries(here) }))`

const lock = {
  packages: {
    '': { name: 'project' },
    'node_modules/one': { version: '1.0.0', integrity: 'sha512-one' },
    'node_modules/two': { version: '2.0.0', integrity: 'sha512-two' },
    'node_modules/for-elsewhere': { version: '1.0.0', optional: true, os: ['sunos'], cpu: ['x64'] },
  },
}

const tools = ['qemu-img', 'restic', 'setpriv', 'prlimit']

/** A clone of the project in a folder with a space in its name, on a machine with these programs. */
const aClone = async (programs: readonly string[] = tools) => {
  const folder = await mkdtemp(join(tmpdir(), 'cinderless set up '))
  await mkdir(join(folder, 'bin'))
  await cp(join(root, 'build'), join(folder, 'build'), { recursive: true })
  const file = (name: string) => join(folder, name)
  await writeFile(file('npm-cli.js'), npm)
  await writeFile(file('package-lock.json'), JSON.stringify(lock))
  for (const program of programs) await symlink('/bin/true', join(folder, 'bin', program))
  await writeFile(file('before.cjs'), '')

  return {
    file,
    setUp: (env: Record<string, string> = {}) =>
      runNode(['--require', file('before.cjs'), file('build/setup.mjs')], {
        cwd: folder,
        env: { PATH: join(folder, 'bin'), npm_execpath: file('npm-cli.js'), ...env },
      }),
    npmCalls: async () =>
      (await readFile(file('npm.log'), 'utf8').catch(() => '')).split('\n').filter((line) => line !== ''),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

test('a new clone gets its packages, and no package runs a script; a second time nothing is done', async () => {
  await using clone = await aClone()

  const first = await clone.setUp()
  expect(first).toMatchObject({ status: 0, stderr: '' })
  expect(first.stdout).toContain('there is no node_modules')
  const [call = ''] = await clone.npmCalls()
  expect(call).toMatch(/^ci --ignore-scripts /)

  const second = await clone.setUp()
  expect(second).toEqual({ status: 0, stdout: 'All is set up.\n', stderr: '' })
  expect(await clone.npmCalls()).toHaveLength(1)
})

test('what was cut off in the middle is done again', async () => {
  await using clone = await aClone()

  expect(await clone.setUp({ CUT_OFF: '1' })).toMatchObject({ status: 1 })
  const again = await clone.setUp()

  expect(again).toMatchObject({ status: 0 })
  expect(again.stdout).toContain('node_modules is not whole')
  expect(await clone.setUp()).toMatchObject({ stdout: 'All is set up.\n' })
})

test('a package that is gone, and one the lock has at another version, are noticed', async () => {
  await using clone = await aClone()
  await clone.setUp()

  await rm(clone.file('node_modules/one'), { recursive: true })
  expect((await clone.setUp()).stdout).toContain('node_modules/one is missing')

  const newer = structuredClone(lock)
  newer.packages['node_modules/two'].version = '2.0.1'
  await writeFile(clone.file('package-lock.json'), JSON.stringify(newer))
  expect((await clone.setUp()).stdout).toContain('node_modules/two is not the one in package-lock.json')
  expect(await clone.npmCalls()).toHaveLength(3)
})

const as = (user: number) => `process.getuid = () => ${user}`
const aptGet = `#!/bin/sh
echo "$DEBIAN_FRONTEND $*" >> "$(dirname "$0")/apt.log"
case "$*" in *install*) for name in qemu-img restic; do /bin/ln -s /bin/true "$(dirname "$0")/$name"; done ;; esac
`

test('root gets the missing tools from apt, unasked', async () => {
  await using clone = await aClone(['setpriv', 'prlimit', 'dirname'])
  await rm(clone.file('bin/dirname'))
  await symlink('/usr/bin/dirname', clone.file('bin/dirname'))
  await writeFile(clone.file('bin/apt-get'), aptGet, { mode: 0o755 })
  await writeFile(clone.file('before.cjs'), as(0))

  const { status, stdout } = await clone.setUp()

  expect(status).toBe(0)
  expect(stdout).toContain('Installing with apt-get: qemu-utils, restic (for qemu-img, restic)')
  expect(await readFile(clone.file('bin/apt.log'), 'utf8')).toMatch(
    /^noninteractive .*install -y .*qemu-utils restic$/m,
  )
})

test('somebody else is told the command, and the rest goes on', async () => {
  await using clone = await aClone(['setpriv', 'prlimit'])
  await writeFile(clone.file('bin/apt-get'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
  await writeFile(clone.file('before.cjs'), as(1000))

  const { status, stdout } = await clone.setUp()

  expect(status).toBe(0)
  expect(stdout).toContain('sudo apt-get install -y --no-install-recommends qemu-utils restic')
})

test('an old Node is told so in one line', async () => {
  await using clone = await aClone()
  const old =
    "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.19.0' } })"
  await writeFile(clone.file('before.cjs'), old)

  const { status, stdout, stderr } = await clone.setUp()

  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toBe(
    'Node 18.19.0 is too old for the set-up: install Node 20 or newer, then run again: npm run setup\n',
  )
})
