import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { version } from '../../lib/version.ts'
import { root } from './run.ts'

interface Entry {
  version?: string
  resolved?: string
  integrity?: string
  optional?: boolean
  os?: string | string[]
  optionalDependencies?: Record<string, string>
}

const json = async (file: string) => JSON.parse(await readFile(join(root, file), 'utf8'))
const { packages }: { packages: Record<string, Entry> } = await json('package-lock.json')
const { dependencies, devDependencies, optionalDependencies, version: released } = await json('package.json')

test('the lock names no place to download from: whoever installs, chooses', async () => {
  expect(await readFile(join(root, 'package-lock.json'), 'utf8')).not.toMatch(/"resolved"|:\/\/[^"]*\.tgz/)
})

test('every package is asked for at one version', () => {
  const asked = { ...dependencies, ...devDependencies, ...optionalDependencies }

  expect(
    Object.entries<string>(asked).filter(([, is]) => !/^(npm:[\w@/-]+@)?\d+\.\d+\.\d+$/.test(is)),
  ).toEqual([])
})

test('every package of the lock is known by its content, but for builds for other platforms', () => {
  const unknown = Object.entries(packages).filter(
    ([path, { integrity, optional, os = [] }]) =>
      path !== '' && integrity === undefined && !(optional && os.length > 0),
  )

  expect(unknown).toEqual([])
})

test('the lock has the build of a package for every platform, as npm ci wants: else run build/complete-lock.mjs', () => {
  const missing = Object.values(packages)
    .flatMap(({ optionalDependencies: optional = {} }) => Object.entries(optional))
    .filter(([name, is]) => /^\d+\.\d+\.\d+$/.test(is) && packages[`node_modules/${name}`] === undefined)

  expect(missing).toEqual([])
})

test('what the code says of its version is what package.json says', () => {
  expect(version).toBe(released)
  expect(packages['']?.version).toBe(released)
})
