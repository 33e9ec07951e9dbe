import { expect, test } from 'vitest'
import { openLogFile } from '../../local/log-file.ts'
import { partsIn } from '../../local/parts.ts'

test('a log that cannot be written takes nobody with it', () => {
  const log = openLogFile('/dev/full', false)

  expect(log.write('a line')).toBe(true)
  log.close()
})

test('a start that a full disk stopped says so, and advises no fresh start', async () => {
  const full = () => {
    throw new Error('IO error: 000007.ldb: No space left on device')
  }

  await expect(partsIn('/state').open('the table', full, () => undefined)).rejects.toThrow(
    'Free some space where /state is',
  )
})
