import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'

const page = await readFile(new URL('../../docs/defects.md', import.meta.url), 'utf8')

/** Per row: its number, and the tests it names, as pairs of file and title. */
const rows = [...page.matchAll(/^\| (\d+a?) \|(.*)\|$/gm)].map(([, number = '', cells = '']) => {
  let file = ''
  const tests: [string, string][] = []
  for (const [, path, title] of (cells.split(' | ').at(-1) ?? '').matchAll(
    /`([^`]+\.test\.ts)`|“([^”]+)”/g,
  )) {
    if (path !== undefined) file = path
    else if (title !== undefined) tests.push([file, title])
  }
  return { number, tests }
})

test('every known defect has one row', () => {
  const known = [...Array.from({ length: 50 }, (_, n) => String(n + 1)), '15a']

  expect(rows.map(({ number }) => number).sort()).toEqual(known.sort())
})

test('every row names a test', () => {
  expect(rows.filter(({ tests }) => tests.length === 0)).toEqual([])
})

test.each(rows)('the tests that row $number names are there', async ({ tests }) => {
  for (const [file, title] of tests) {
    const text = await readFile(new URL(`../${file}`, import.meta.url), 'utf8')
    expect(text, file).toContain(`'${title}'`)
  }
})
