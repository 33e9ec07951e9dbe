import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { figures } from '../../bench/figures.ts'
import { root } from './run.ts'

test('the README quotes what bench/results.json holds, as npm run bench prints it', async () => {
  const [readme, results] = await Promise.all([
    readFile(join(root, 'README.md'), 'utf8'),
    readFile(join(root, 'bench/results.json'), 'utf8').then(JSON.parse),
  ])
  const [, section = ''] = /\n## Figures\n\n(.*?)\n\nLicence/s.exec(readme) ?? []

  expect(section).toBe(figures(results))
})
