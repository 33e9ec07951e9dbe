import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { root } from './run.ts'

/** Run `.ci/run` where npm is a script that does what is said of each command, in words of the shell. */
const runCi = async (commands: Record<string, string>) => {
  const folder = await mkdtemp(join(tmpdir(), 'cinderless ci '))
  try {
    await mkdir(join(folder, 'bin'))
    await cp(join(root, '.ci'), join(folder, '.ci'), { recursive: true })
    const cases = Object.entries(commands).map(([command, does]) => `"${command}"*) ${does} ;;`)
    const npm = `#!/bin/sh\nfor last; do :; done\nreport=\${last#--outputFile.json=}\ncase "$*" in\n${cases.join('\n')}\nesac\n`
    await writeFile(join(folder, 'bin/npm'), npm, { mode: 0o755 })
    await symlink(process.execPath, join(folder, 'bin/node'))
    if (commands['run test:long'] !== undefined) await writeFile(join(folder, 'vitest.long.config.ts'), '')

    const PATH = [join(folder, 'bin'), '/usr/bin', '/bin', dirname(process.execPath)].join(delimiter)
    const ran = promisify(execFile)(join(folder, '.ci/run'), { env: { PATH } })
    const { code = 0, stdout } = (await ran.catch((error: { code: number; stdout: string }) => error)) as {
      code?: number
      stdout: string
    }
    return { code, last: stdout.trimEnd().split('\n').at(-1) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const report = (passed: number, failed: number) =>
  `echo '{"numPassedTests":${passed},"numFailedTests":${failed}}' > "$report"; exit ${failed > 0 ? 1 : 0}`

test('the tests of all runs are summed in the last line', async () => {
  expect(await runCi({ test: report(10, 0), 'run test:long': report(5, 0) })).toEqual({
    code: 0,
    last: '15 passed, 0 failed',
  })
})

test('a test that fails is counted, and the rest is done all the same', async () => {
  expect(await runCi({ test: report(10, 2), 'run test:long': report(5, 0) })).toEqual({
    code: 1,
    last: '15 passed, 2 failed',
  })
})

test.each([
  ['the set-up fails', { 'run setup': 'exit 1' }, '0 passed, 1 failed'],
  ['a check fails', { 'run lint': 'exit 1', test: report(3, 0) }, '3 passed, 1 failed'],
  ['packaging fails', { 'run package': 'exit 1', test: report(3, 0) }, '3 passed, 1 failed'],
  ['the tests end before they begin', { test: 'exit 1' }, '0 passed, 1 failed'],
  ['no test is found', { test: report(0, 0) }, '0 passed, 1 failed'],
  ['an error is outside of every test', { test: `(${report(3, 0)}); exit 1` }, '3 passed, 1 failed'],
  ['it is stopped', { test: 'kill -TERM $PPID; sleep 0.2' }, '0 passed, 1 failed'],
])('it fails, and says so in its last line, when %s', async (_, commands, last) => {
  expect(await runCi(commands as Record<string, string>)).toEqual({ code: 1, last })
})
