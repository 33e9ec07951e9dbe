import { statSync } from 'node:fs'
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import * as z from 'zod'
import { openJournal } from '../../agent/journal.ts'
import { MiB } from './support.ts'

const Entry = z.strictObject({ key: z.string(), value: z.string() })
type Entry = z.infer<typeof Entry>

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'journal-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const opened = async () => {
  const file = join(folder, 'journal.jsonl')
  const entries = new Map<string, Entry>()
  const keep = (entry: Entry) => void entries.set(entry.key, entry)
  const journal = await openJournal(file, Entry, keep, () => entries.values())
  return { file, entries, journal }
}

const write = async (...values: string[]) => {
  const { journal, file } = await opened()
  await Promise.all(values.map((value) => journal.append({ key: value, value })))
  await journal.close()
  return file
}
const read = async () => {
  const { entries, journal } = await opened()
  await journal.close()
  return [...entries.keys()]
}

test('gives back what was written, in its order', async () => {
  await write('one', 'two', 'three — drei')

  expect(await read()).toEqual(['one', 'two', 'three — drei'])
})

test.each([
  ['half a line', (last: string) => last.slice(0, 20)],
  ['a whole line of other content', (last: string) => `${last.replace('three', 'tree!')}\n`],
  ['a line of nothing', () => '\0\0\0\0\n'],
])('drops a torn last line: %s', async (_, tear) => {
  const file = await write('one', 'two', 'three')
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n')
  await writeFile(file, `${lines.slice(0, -1).join('\n')}\n${tear(lines.at(-1)!)}`)

  expect(await read()).toEqual(['one', 'two'])
  await write('four')
  expect(await read()).toEqual(['one', 'two', 'four'])
})

test('stops at a broken line within, and says which and what to do', async () => {
  const file = await write('one', 'two', 'three')
  const content = await readFile(file, 'utf8')
  await writeFile(file, content.replace('"two"', '"TWO"'))

  await expect(opened()).rejects.toMatchObject({
    name: 'CannotStart',
    message: expect.stringMatching(/^Line 2 of the journal .* is broken: .* moved away/),
  })
})

test('is written anew when it has grown long, with what still counts', { timeout: 60_000 }, async () => {
  const { journal, entries, file } = await opened()
  const value = 'x'.repeat(64 * 1024)
  for (let index = 0; index < 200; index += 1) {
    entries.set(`${index % 3}`, { key: `${index % 3}`, value })
    journal.note({ key: `${index % 3}`, value })
    if (index % 50 === 0) await journal.append({ key: 'done', value: `${index}` })
  }
  entries.set('last', { key: 'last', value })
  await journal.append({ key: 'last', value })
  await journal.append({ key: 'last', value })
  await journal.close()

  expect(statSync(file).size).toBeLessThan(8 * MiB)
  expect((await read()).toSorted()).toEqual(['0', '1', '2', 'last'])
})

test('a write that came back is there, whatever is torn off after it', async () => {
  const { journal, file } = await opened()
  await journal.append({ key: 'one', value: '1' })
  await appendFile(file, 'deadbeef {"key":"tw')

  expect(await read()).toEqual(['one'])
  await journal.close()
})
