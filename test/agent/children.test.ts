import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { killLeftovers, runChild } from '../../agent/children.ts'
import { convert, convertArgs } from '../../agent/qemu-img.ts'
import { findTools } from '../../agent/tools.ts'
import { processesMarked, until } from './support.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'children-'))
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
     import { findTools } from '${room('tools.ts')}'
     const program = ${JSON.stringify(await script('echo ready', 'exec sleep 60'))}
     const onOutput = () => process.kill(process.pid, 'SIGKILL')
     const signal = new AbortController().signal
     const mark = ${JSON.stringify(`test-${folder}`)}
     await runChild({ tools: findTools(), mark, program, args: [], descriptors: [], cpuSeconds: 10, signal, onOutput })`,
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
