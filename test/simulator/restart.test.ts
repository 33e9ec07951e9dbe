import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { create, get, MiB, must, post, reassign, start } from './support.ts'

const folders: string[] = []
const folder = async () => {
  const made = await mkdtemp(join(tmpdir(), 'simulator-'))
  folders.push(made)
  return made
}
afterEach(async () => {
  for (const made of folders.splice(0)) await rm(made, { recursive: true, force: true })
})

const main = fileURLToPath(new URL('../../simulator/main.ts', import.meta.url))
const run = (...args: string[]) => {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const out = { text: '', error: '' }
  child.stdout.on('data', (chunk) => {
    out.text += chunk
  })
  child.stderr.on('data', (chunk) => {
    out.error += chunk
  })
  const ended = once(child, 'close').then(([code]) => ({ code, ...out }))
  const ready = async () => {
    while (!out.text.includes('\n')) {
      const over = await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 10))])
      if (over !== undefined) throw new Error(out.error)
    }
    return { url: out.text.trim().replace('ready ', ''), token: '42' }
  }
  return { child, ready, ended }
}

describe('the objects of a data folder', () => {
  test('are there again after a restart, with bytes, links and counters', async () => {
    const data = await folder()
    const seen = async () => {
      await using cluster = await start({ data })
      await create(cluster, 'a', { tags: { t: '1' } })
      await must(post(cluster, 'VolumeSnapshot/a', { name: 's', deleteAfter: 5000 }))
      await must(post(cluster, 'VolumeCreate', { name: 'b', baseOn: 'a' }))
      await must(reassign(cluster, { volume: 'a', rw: [1] }))
      await writeFile(join(cluster.devicesOf(1), 'storpool', 'a'), 'kept', { flag: 'r+' })
      await must(post(cluster, 'KV/Create/locks'))
      await must(post(cluster, 'KV/Set/locks', { set: { one: 'x' } }))
      const { generation } = (await get(cluster, 'VolumesList')).body
      return { generation, state: await cluster.state({ content: true }) }
    }
    const before = await seen()
    await using again = await start({ data })

    expect(await again.state({ content: true })).toEqual(before.state)
    expect((await get(again, 'VolumesList')).body.generation).toBe(before.generation)
    expect(await must(get(again, 'KV/Get/locks/one'))).toMatchObject({ version: 1, pairs: { one: 'x' } })
    const device = join(again.devicesOf(1), 'storpool', 'a')
    expect((await readFile(device)).subarray(0, 4).toString()).toBe('kept')
    expect((await create(again, 'c')).globalId).not.toBe(again.volumes.get('b')?.globalId)
  })

  test('that were answered for survive kill -9 at any moment; half-made files do not', async () => {
    const data = await folder()
    const answered = new Set<string>()
    for (let round = 0; round < 3; round++) {
      const { child, ready, ended } = run('--port', '0', '--token', '42', '--data', data)
      const target = await ready()
      if (round === 0) {
        await create(target, 'source', { size: 64 * MiB })
        await must(reassign(target, { volume: 'source', rw: [1] }))
        const device = join(data, 'dev', '1', 'storpool', 'source')
        await writeFile(device, Buffer.alloc(48 * MiB, 'x'), { flag: 'r+' })
      }
      const work = async () => {
        for (let n = 0; ; n++) {
          const name = `v${round}-${n}`
          await must(post(target, 'VolumeCreate', { name, size: 512 }))
          answered.add(name)
          await must(post(target, 'VolumeSnapshot/source', { name: `s${round}-${n}` }))
          answered.add(`s${round}-${n}`)
        }
      }
      const working = work().catch(() => 'killed')
      while (answered.size < 6 * (round + 1)) await new Promise((resolve) => setTimeout(resolve, 5))
      child.kill('SIGKILL')
      await working
      await ended
    }
    await writeFile(join(data, 'bytes', '99999.part'), 'half')
    await using cluster = await start({ data })

    const there = new Set([...cluster.volumes.keys(), ...cluster.snapshots.keys()])
    expect([...answered].filter((name) => !there.has(name))).toEqual([])
    const { snapshots, volumes } = await cluster.state({ content: true })
    const source = volumes.find(({ name }) => name === 'source')?.content
    expect(new Set(snapshots.map(({ content }) => content))).toEqual(new Set([source]))
    expect(await readdir(join(data, 'bytes'))).toHaveLength(snapshots.length + 1)
  })

  test('belong to one process at a time', async () => {
    const data = await folder()
    await using _holder = await start({ data })

    await expect(start({ data })).rejects.toThrow(/in use by another simulator/)
    const { code, error } = await run('--port', '0', '--data', data).ended
    expect(code).toBe(1)
    expect(error).toMatch(/^simulator: the data folder .* is in use by another simulator: .*\n$/)
  })

  test('are forgotten by a reset of all, and the numbers begin anew', async () => {
    await using cluster = await start()
    const first = await create(cluster, 'a')
    await must(reassign(cluster, { volume: 'a', rw: [1] }))
    cluster.setKnobs({ errorsAs200: true })
    cluster.reset({ all: true })

    expect(cluster.state()).toEqual({ volumes: [], snapshots: [], attachments: [] })
    expect(await readdir(join(cluster.data, 'bytes'))).toEqual([])
    expect(await readdir(join(cluster.devicesOf(1), 'storpool'))).toEqual([])
    expect((await get(cluster, 'Volume/a')).status).toBe(404)
    expect(await must(get(cluster, 'VolumeTemplatesList'))).toHaveLength(3)
    expect(await create(cluster, 'a')).toEqual(first)
  })
})

describe('the command', () => {
  test('says when it is ready, and ends cleanly when it is told to', async () => {
    const { child, ready, ended } = run('--port', '0', '--token', '42', '--data', join(await folder(), 'new'))
    const target = await ready()
    expect(target.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect((await get(target, 'ServicesList')).status).toBe(200)
    child.kill('SIGINT')

    expect(await ended).toMatchObject({ code: 0, error: '' })
  })

  test('names the remedy for a port in use, an unusable folder and a wrong option, in one line', async () => {
    await using cluster = await start()
    const taken = await run('--port', String(cluster.port), '--data', await folder()).ended
    expect(taken).toMatchObject({ code: 1, text: '' })
    expect(taken.error).toBe(
      `simulator: port ${cluster.port} is in use: choose another --port, or 0 for any free one\n`,
    )
    const file = join(await folder(), 'file')
    await writeFile(file, '')
    const unusable = await run('--port', '0', '--data', file).ended
    expect(unusable.error).toMatch(/^simulator: the data folder .*: choose another --data\n$/)
    const wrong = await run('--nonsense').ended
    expect(wrong.error).toMatch(/^simulator: .*see --help.*\n$/)
    expect([unusable.code, wrong.code]).toEqual([1, 1])
  })

  test('names the remedy for a store that is broken', async () => {
    const data = await folder()
    await writeFile(
      join(data, 'objects.sqlite'),
      'this is no database, but it is long enough to be looked at\n'.repeat(99),
    )

    await expect(start({ data })).rejects.toThrow(/cannot be used .*choose another --data or remove/)
  })
})
