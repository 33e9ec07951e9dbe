import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, stat } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { startProcess } from '../support/system.ts'
import { eventually, temporaryFolder } from './harness.ts'

const program = fileURLToPath(new URL('../../local/main.ts', import.meta.url))

const run = async (...args: string[]) => {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: child.exitCode, out, err }
}

test('the command says it is ready and what to try, takes its folder, and ends well when told to', async () => {
  await using folder = await temporaryFolder()
  const system = await startProcess(folder.path, ['--no-images'])
  const second = await run('--port', '0', '--state', folder.path)
  const [create] = system.said.filter((line) => line.startsWith('curl '))
  const [, path, body] = /127\.0\.0\.1:\d+(\S+) .* -d '(.*)'$/.exec(create ?? '') ?? []
  const created = await system.call(path ?? '', JSON.parse(body ?? ''))
  const code = await system.stop()

  expect(system.said.filter((line) => line.startsWith('curl '))).toHaveLength(3)
  expect(created.status).toBe(200)
  expect(second).toMatchObject({ code: 1, out: '' })
  expect(second.err).toBe(
    `${folder.path} is in use by process ${system.pid}, at ${system.url}. Stop that one, or use another folder: npm start -- --state DIR --port N\n`,
  )
  expect(code).toBe(0)
  expect((await stat(`${folder.path}/simulator-token`)).mode & 0o777).toBe(0o600)
  const token = (await readFile(`${folder.path}/simulator-token`, 'utf8')).trim()
  expect(await readFile(`${folder.path}/log/functions.log`, 'utf8')).not.toContain(token)
})

test('it says when the example images are there, which is after it is ready', async () => {
  await using folder = await temporaryFolder()
  const system = await startProcess(folder.path, ['--images'])
  const raw = `${folder.path}/images/hello.raw`

  await eventually(async () => system.said.includes(`Example images: ${raw}, hello.qcow2`))

  expect((await stat(raw)).size).toBe(512 * 1024 ** 2)
  expect(await stat(`${folder.path}/images/hello.qcow2`)).toBeTruthy()
  expect(await system.stop()).toBe(0)
})

test('wrong arguments are answered with one line and the usage', async () => {
  const [help, unknown, port] = await Promise.all([run('--help'), run('--prot', '1'), run('--port', '70000')])

  expect([help.code, help.out]).toEqual([0, expect.stringContaining('--state DIR')])
  expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining("Unknown option '--prot'")])
  expect([port.code, port.err]).toEqual([1, '--port 70000 is no port: give a number from 0 to 65535\n'])
})
