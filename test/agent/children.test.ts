import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, copyFile, mkdir, mkdtemp, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { killLeftovers, runChild } from '../../agent/children.ts'
import { findGuard } from '../../agent/guard.ts'
import { convert, convertArgs } from '../../agent/qemu-img.ts'
import { findTools, missingTools } from '../../agent/tools.ts'
import { processesMarked, until } from './support.ts'

const user = { uid: 65_530, gid: 65_530 }
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'children-'))
  // The children have another user.
  await chmod(folder, 0o755)
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const script = async (...lines: string[]) => {
  const file = join(folder, 'program')
  await writeFile(file, ['#!/bin/sh', ...lines].join('\n'))
  await chmod(file, 0o755)
  return file
}

const child = (program: string, signal = new AbortController().signal) => ({
  tools: findTools(),
  guard: findGuard(findTools(), user),
  mark: `test-${folder}`,
  program,
  args: [],
  descriptors: [],
  cpuSeconds: 10,
  signal,
  onOutput: () => {},
})

test('a child has an environment of three names and nothing of the agent', async () => {
  let output = ''
  await runChild({
    ...child('/usr/bin/env'),
    onOutput: (text) => {
      output += text
    },
  })

  const names = output
    .trim()
    .split('\n')
    .map((line) => line.split('=')[0])
  expect(new Set(names)).toEqual(new Set(['CINDERLESS_AGENT', 'LC_ALL', 'MALLOC_ARENA_MAX']))
})

test('what it says on standard error, and how it ended, is told', async () => {
  const program = await script('echo cannot >&2', 'exit 3')

  expect(await runChild(child(program))).toEqual({ code: 3, signal: null, stderr: 'cannot' })
})

test('a child dies with the agent, even one that is killed', async () => {
  const parent = join(folder, 'parent.ts')
  const room = (file: string) => new URL(`../../agent/${file}`, import.meta.url).href
  await writeFile(
    parent,
    `import { runChild } from '${room('children.ts')}'
     import { findGuard } from '${room('guard.ts')}'
     import { findTools } from '${room('tools.ts')}'
     const program = ${JSON.stringify(await script('echo ready', 'exec sleep 60'))}
     const onOutput = () => process.kill(process.pid, 'SIGKILL')
     const signal = new AbortController().signal
     const mark = ${JSON.stringify(`test-${folder}`)}
     const tools = findTools()
     const guard = findGuard(tools, ${JSON.stringify(user)})
     await runChild({ tools, guard, mark, program, args: [], descriptors: [], cpuSeconds: 10, signal, onOutput })`,
  )
  const killed = spawn(process.execPath, [parent], { stdio: ['ignore', 'ignore', 'inherit'] })
  expect(await once(killed, 'exit')).toEqual([null, 'SIGKILL'])

  await until(() => (processesMarked(`test-${folder}`).length === 0 ? true : undefined))
})

test('a child that does not want to end is ended', { timeout: 20_000 }, async () => {
  const program = await script("trap '' TERM", 'echo ready', 'while :; do read -r x </dev/zero; done')
  const stop = new AbortController()

  const ended = await runChild({ ...child(program, stop.signal), onOutput: () => stop.abort() })

  expect(ended.signal).toBe('SIGKILL')
  expect(await killLeftovers(`test-${folder}`)).toBe(0)
})

test('a qemu-img that makes no progress is begun again twice, then given up', async () => {
  const stuck = await script('exec sleep 60')
  const { program: _, args: __, cpuSeconds: ___, onOutput: ____, ...rest } = child(stuck)
  const segment = {
    source: { kind: 'zeros' },
    target: { kind: 'file', direct: false },
    offset: 0,
    bytes: 512,
  } as const
  const tools = { ...findTools(), qemuImg: stuck }

  const converted = convert({ ...rest, tools, segment, onProgress: () => {}, stallMs: 100 })

  await expect(converted).rejects.toMatchObject({
    code: 'io_error',
    message: expect.stringContaining('3 times'),
  })
  expect(await killLeftovers(rest.mark)).toBe(0)
})

test('qemu-img is told the format, never to make the target, and to flush it', () => {
  const args = convertArgs({
    source: { kind: 'image', format: 'qcow2' },
    target: { kind: 'block', direct: true },
    offset: 1024,
    bytes: 2048,
  })

  expect(args.join(' ')).toMatchInlineSnapshot(
    `"convert -p -n -W -m 8 -t none --target-image-opts json:{"driver":"raw","offset":1024,"size":2048,"file":{"driver":"qcow2","backing":null,"file":{"driver":"file","filename":"/proc/self/fd/3"}}} driver=raw,offset=1024,size=2048,file.driver=host_device,file.filename=/proc/self/fd/4"`,
  )
})

const isRoot = process.getuid?.() === 0
const statusOf = (text: string) =>
  Object.fromEntries(
    text
      .split('\n')
      .map((line) => line.split(':\t', 2))
      .filter(([name]) => name),
  )

test.runIf(isRoot)('as root, a child is another user, with no rights, no network, and limits', async () => {
  const program = await script('cat /proc/self/status', 'readlink /proc/self/ns/net', 'cat /proc/self/limits')
  let output = ''
  const { guard } = child(program)
  expect(guard).toMatchObject({ user, lacks: [] })

  await runChild({
    ...child(program),
    onOutput: (text) => {
      output += text
    },
  })

  expect(statusOf(output)).toMatchObject({
    Uid: '65530\t65530\t65530\t65530',
    Gid: '65530\t65530\t65530\t65530',
    Groups: ' ',
    NoNewPrivs: '1',
    CapInh: '0000000000000000',
    CapPrm: '0000000000000000',
    CapEff: '0000000000000000',
    CapBnd: '0000000000000000',
    CapAmb: '0000000000000000',
  })
  const own = await readlink('/proc/self/ns/net')
  expect(output).toMatch(/^net:\[\d+\]$/m)
  expect(output).not.toContain(own)
  expect(output).toMatch(/Max open files +256 +256/)
  expect(output).toMatch(/Max address space +4294967296 /)
  expect(output).toMatch(/Max core file size +0 +0/)
  expect(output).toMatch(/Max cpu time +10 +10/)
})

test('what children are not kept from is said, each in one sentence', async () => {
  const none = {
    qemuImg: undefined,
    restic: undefined,
    setpriv: undefined,
    prlimit: undefined,
    unshare: undefined,
  }
  expect(missingTools(none)).toHaveLength(5)
  const closed = join(folder, 'closed')
  await mkdir(closed, { mode: 0o700 })
  const qemuImg = join(closed, 'qemu-img')
  await copyFile(await script('exit 0'), qemuImg)

  const guard = findGuard({ ...findTools(), qemuImg }, user)

  if (!isRoot) {
    expect(guard).toEqual({
      user: undefined,
      noNetwork: false,
      lacks: [expect.stringContaining('not run as root')],
    })
    return
  }
  expect(guard.user).toBeUndefined()
  expect(guard.lacks).toEqual([
    expect.stringMatching(/^Children run as root, as user 65530 cannot run .*closed/),
  ])
  expect(findGuard({ ...findTools(), unshare: undefined }, user).noNetwork).toBe(false)
})
