import { readFile, stat, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { takeStateFolder } from '../../local/state.ts'
import { temporaryFolder } from './harness.ts'

test('a secret is made once, kept, and only for this user', async () => {
  await using folder = await temporaryFolder()
  const path = `${folder.path}/state`
  const first = takeStateFolder(path)
  const secret = first.secret('token')
  first.release()

  const second = takeStateFolder(path)
  expect(secret).toMatch(/^[0-9a-f]{32}$/)
  expect(second.secret('token')).toBe(secret)
  expect((await stat(second.at('token'))).mode & 0o777).toBe(0o600)
  second.release()
})

test('a secret that a full disk or a kill left empty is made anew', async () => {
  await using folder = await temporaryFolder()
  const state = takeStateFolder(`${folder.path}/state`)
  await writeFile(state.at('token'), '')

  const secret = state.secret('token')

  expect(secret).toMatch(/^[0-9a-f]{32}$/)
  expect(await readFile(state.at('token'), 'utf8')).toBe(secret)
  state.release()
})

test('a damaged lock file is said in words, with the remedy', async () => {
  await using folder = await temporaryFolder()
  const path = `${folder.path}/state`
  takeStateFolder(path).release()
  await writeFile(`${path}/lock`, 'no database, certainly not one of SQLite, however long one reads it')

  expect(() => takeStateFolder(path)).toThrow(`${path}/lock was damaged. Nothing is kept in it`)
})
