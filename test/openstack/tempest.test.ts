import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, inject, test } from 'vitest'
import { aFolder } from '../support/system.ts'
import { startWithKeystone } from './block-storage.ts'

const script = fileURLToPath(new URL('tempest.sh', import.meta.url))

/** Tempest's volume tests but for backups. It ends with 1 where one has failed, which the output says better. */
const tempest = () =>
  new Promise<string>((resolve) => {
    const env = { ...inject('openstack').env, TEMPEST_BACKUP: 'false', TEMPEST_JOBS: '2' }
    const options = { env, maxBuffer: 64 * 1024 ** 2 }
    execFile('bash', [script, 'run'], options, (_, stdout, stderr) => resolve(`${stdout}\n${stderr}`))
  })

/** The names of what ended so. Where making ready for a class of tests failed, that has a name in brackets. */
const endedAs = (output: string, word: string): string[] =>
  [...output.matchAll(/^\{\d+\} (.+) \[[\d.]+s\] \.\.\. (\w+)/gm)]
    .filter(([, , how]) => how === word)
    .map(([, name = '']) => name)
    .toSorted()

/** What went wrong, without the log of requests that Tempest writes beside. */
const tracebacks = (output: string): string =>
  [...output.matchAll(/^Captured traceback:\n[\s\S]*?(?=\n\n\n|^Captured )/gm)]
    .map(([one]) => one)
    .join('\n\n') || output.slice(-4_000)

test('the volume tests of Tempest pass, with Keystone and Glance beside npm start', async () => {
  await using folder = await aFolder()
  const system = await startWithKeystone(folder.path)
  try {
    const output = await tempest()

    const failed = endedAs(output, 'FAILED')
    expect(failed, tracebacks(output)).toEqual([])
    expect(endedAs(output, 'ok').length).toBeGreaterThanOrEqual(165)
    expect(output).toContain(' - Failed: 0\n')
  } finally {
    await system.stop()
  }
}, 900_000)
