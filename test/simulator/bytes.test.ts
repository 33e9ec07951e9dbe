import { open, readFile, realpath, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Simulator } from '../../simulator/server.ts'
import { create, GiB, get, MiB, must, post, reassign, start } from './support.ts'

/** Attach to client 1. @returns the device's path */
const device = async (cluster: Simulator, volume: string, rights = 'rw') => {
  await must(reassign(cluster, { volume, [rights]: [1] }))
  return join(cluster.devicesOf(1), 'storpool', volume)
}
const detach = (cluster: Simulator, volume: string) => must(reassign(cluster, { volume, detach: [1] }))
const write = (path: string, text: string) => writeFile(path, text, { flag: 'r+' })
const head = async (path: string, length = 3) => {
  await using file = await open(path)
  const { buffer } = await file.read(Buffer.alloc(length), 0, length, 0)
  return buffer.toString()
}
/** What a volume begins with, whether or not it is attached. */
const contents = async (cluster: Simulator, volume: string) => {
  const path = await device(cluster, volume)
  const text = await head(path)
  await detach(cluster, volume)
  return text
}

test('a snapshot, a clone and a copy hold what the volume held then, whether it was attached or not', async () => {
  await using cluster = await start()
  await create(cluster, 'a')
  const path = await device(cluster, 'a')
  await write(path, 'one')
  await must(post(cluster, 'VolumeSnapshot/a', { name: 's1' }))
  await must(post(cluster, 'VolumeCreate', { name: 'copy1', baseOn: 'a' }))
  await write(path, 'two')
  await detach(cluster, 'a')
  await must(post(cluster, 'VolumeSnapshot/a', { name: 's2' }))
  await must(post(cluster, 'VolumeCreate', { name: 'copy2', baseOn: 'a' }))
  await write(await device(cluster, 'a'), 'end')
  await must(post(cluster, 'VolumeCreate', { name: 'clone1', parent: 's1' }))
  await must(post(cluster, 'VolumeCreate', { name: 'clone2', parent: 's2' }))

  const found = ['copy1', 'clone1', 'copy2', 'clone2', 'a'].map((name) => contents(cluster, name))
  expect(await Promise.all(found)).toEqual(['one', 'one', 'two', 'two', 'end'])
})

test('a writer goes on in the same file while its volume is snapshotted', async () => {
  await using cluster = await start()
  await create(cluster, 'a')
  const path = await device(cluster, 'a')
  await using writer = await open(path, 'r+')
  await writer.write('one', 0)
  const { ino } = await stat(path)
  await must(post(cluster, 'VolumeSnapshot/a', { name: 's' }))
  await writer.write('two', 0)

  expect((await stat(path)).ino).toBe(ino)
  expect(await head(path)).toBe('two')
})

test('clones of one snapshot are written apart from each other and from it', async () => {
  await using cluster = await start()
  await create(cluster, 'a')
  await write(await device(cluster, 'a'), 'old')
  await detach(cluster, 'a')
  await must(post(cluster, 'VolumeSnapshot/a', { name: 's' }))
  await must(post(cluster, 'VolumeCreate', { name: 'b', parent: 's' }))
  await must(post(cluster, 'VolumeCreate', { name: 'c', parent: 's' }))
  await write(await device(cluster, 'b'), 'new')
  await must(reassign(cluster, { snapshot: 's', ro: [1] }))

  expect(await head(join(cluster.devicesOf(1), 'storpool', 's'))).toBe('old')
  expect(await contents(cluster, 'c')).toBe('old')
  expect(await contents(cluster, 'a')).toBe('old')
})

test('a revert brings the snapshot’s bytes back, also into a volume that grew meanwhile', async () => {
  await using cluster = await start()
  await create(cluster, 'a', { size: MiB })
  await write(await device(cluster, 'a'), 'old')
  await must(post(cluster, 'VolumeSnapshot/a', { name: 's' }))
  await must(post(cluster, 'VolumeUpdate/a', { size: 2 * MiB }))
  const path = await device(cluster, 'a')
  await writeFile(path, Buffer.alloc(2 * MiB, 'x'), { flag: 'r+' })
  await detach(cluster, 'a')
  await must(post(cluster, 'VolumeRevert/a', { toSnapshot: 's' }))

  const reverted = await readFile(await device(cluster, 'a'))
  expect(reverted.subarray(0, 3).toString()).toBe('old')
  expect(reverted.length).toBe(2 * MiB)
  expect(reverted.subarray(3).every((byte) => byte === 0)).toBe(true)
})

test('what a shrink cut off reads as zeros when the volume grows again', async () => {
  await using cluster = await start()
  await create(cluster, 'a', { size: 1024 })
  await writeFile(await device(cluster, 'a'), Buffer.alloc(1024, 'x'), { flag: 'r+' })
  await detach(cluster, 'a')
  await must(post(cluster, 'VolumeSnapshot/a', { name: 's' }))
  await must(post(cluster, 'VolumeUpdate/a', { size: 512, shrinkOk: true }))
  await must(post(cluster, 'VolumeUpdate/a', { size: 1024 }))
  const bytes = await readFile(await device(cluster, 'a'))
  await detach(cluster, 'a')
  await must(post(cluster, 'VolumeCreate', { name: 'b', parent: 's' }))

  expect([bytes[511], bytes[512], bytes.length]).toEqual([120, 0, 1024])
  expect((await readFile(await device(cluster, 'b')))[1023]).toBe(120)
})

test('a volume of many gigabytes is cloned at the cost of its data', async () => {
  await using cluster = await start()
  await create(cluster, 'big', { size: 512 * GiB })
  await write(await device(cluster, 'big'), 'few')
  await must(post(cluster, 'VolumeSnapshot/big', { name: 's' }))
  await must(post(cluster, 'VolumeCreate', { name: 'clone', parent: 's', size: 1024 * GiB }))
  const path = await realpath(await device(cluster, 'clone'))

  const { size, blocks } = await stat(path)
  expect(size).toBe(1024 * GiB)
  expect(blocks * 512).toBeLessThan(MiB)
  expect(await head(path)).toBe('few')
})

test('a writer that was cut off by force changes nothing any more', async () => {
  await using cluster = await start()
  await create(cluster, 'a')
  await using writer = await open(await device(cluster, 'a'), 'r+')
  await writer.write('one', 0)
  await must(reassign(cluster, { volume: 'a', detach: 'all', rw: [2], force: true }))
  await writer.write('two', 0)

  expect(await head(join(cluster.devicesOf(2), 'storpool', 'a'))).toBe('one')
})

test('other calls are answered while a large copy is made', async () => {
  await using cluster = await start()
  await create(cluster, 'a', { size: 256 * MiB })
  await writeFile(await device(cluster, 'a'), Buffer.alloc(128 * MiB, 'x'), { flag: 'r+' })
  let copied = false
  const copying = must(post(cluster, 'VolumeSnapshot/a', { name: 's' })).then(() => {
    copied = true
  })
  await create(cluster, 'b')
  const early = !copied
  await must(post(cluster, 'VolumeUpdate/a', { tags: { after: 'copy' } }))
  await copying

  expect(early).toBe(true)
  expect(cluster.snapshots.get('s')).not.toHaveProperty('tags')
})

test('the digest of the state is of the bytes, with what was never written as zeros', async () => {
  await using one = await start()
  await using other = await start()
  for (const cluster of [one, other]) {
    await create(cluster, 'blank', { size: 64 * GiB })
    await create(cluster, 'a', { size: MiB })
    await write(await device(cluster, 'a'), 'abc')
  }
  const state = await one.state({ content: true })
  expect(state).toEqual(await other.state({ content: true }))
  expect(state.volumes.find(({ name }) => name === 'blank')?.content).toBe('zeros')
  await write(join(other.devicesOf(1), 'storpool', 'a'), 'abd')
  expect(state).not.toEqual(await other.state({ content: true }))
})

test('what is stored is told per volume, and templates fill up by it', async () => {
  await using cluster = await start()
  await create(cluster, 'a', { size: GiB })
  const free = async () => (await must(get(cluster, 'VolumeTemplatesStatus')))[1].stored.free
  const before = await free()
  await writeFile(await device(cluster, 'a'), Buffer.alloc(4 * MiB, 'x'), { flag: 'r+' })

  const [space] = await must(get(cluster, 'VolumesSpace'))
  expect(space).toMatchObject({ name: 'a', size: GiB })
  expect(space.storedSize).toBeGreaterThanOrEqual(4 * MiB)
  expect(before - (await free())).toBeGreaterThanOrEqual(4 * MiB)
})

test('a group that is full refuses what is new and what grows', async () => {
  await using cluster = await start()
  await create(cluster, 'a', { size: MiB })
  cluster.setKnobs({ capacityBytes: { ssd: 30 * MiB } })
  expect((await post(cluster, 'VolumeCreate', { size: 11 * MiB, template: 'ssd' })).error?.name).toBe(
    'insufficientResources',
  )
  expect((await post(cluster, 'VolumeUpdate/a', { size: 12 * MiB })).error?.name).toBe(
    'insufficientResources',
  )
  await must(post(cluster, 'VolumeCreate', { size: 11 * MiB, template: 'hdd' }))
  await must(post(cluster, 'VolumeUpdate/a', { size: 10 * MiB }))
  await truncate(await device(cluster, 'a'), 10 * MiB)
  const status = await must(get(cluster, 'VolumeTemplatesStatus'))
  expect(status[1].stored.capacity).toBe(10 * MiB)
})
