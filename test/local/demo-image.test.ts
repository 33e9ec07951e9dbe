import { mkdtemp, open, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { greeting, makeDemoImages } from '../../local/demo-image.ts'
import { qemuImg } from '../agent/support.ts'

test('makes a sparse disk with a boot program and a file system, twice the same, in two forms', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'demo image-'))
  try {
    const { raw, qcow2 } = await makeDemoImages(folder)

    const status = await stat(raw)
    expect(status.size).toBe(512 * 1024 ** 2)
    expect(status.blocks * 512).toBeLessThan(status.size / 4)
    expect(qemuImg('compare', '-f', 'raw', '-F', 'qcow2', raw, qcow2)).toContain('identical')

    await using disk = await open(raw)
    const boot = (await disk.read(Buffer.alloc(512), 0, 512, 0)).buffer
    expect(boot.readUInt16LE(510)).toBe(0xaa55)
    expect(boot.toString('latin1')).toContain(greeting)
    const start = boot.readUInt32LE(446 + 8) * 512
    const fileSystem = (await disk.read(Buffer.alloc(128 * 1024), 0, 128 * 1024, start)).buffer
    expect(fileSystem.toString('latin1', 54, 62)).toBe('FAT16   ')
    expect(fileSystem.toString('latin1')).toContain('README  TXT')

    await makeDemoImages(folder)
    expect((await stat(raw)).mtimeMs, 'kept').toBe(status.mtimeMs)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
