import { mkdtemp, open, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bytesOf, mostRead, upTo } from '../../agent/images/bytes.ts'
import { crc32c } from '../../agent/images/crc32c.ts'
import { inspect } from '../../agent/images/inspect.ts'
import type { ImageFormat } from '../../lib/agent/tasks.ts'
import { withFooter } from './images/hostile/vmdk.ts'
import { hostile, others } from './images/hostile.ts'
import {
  formatOf,
  type Kind,
  kinds,
  makeContent,
  makeImages,
  memory,
  qemuInfo,
  seal,
} from './images/support.ts'
import { MiB, noise, qemuImg } from './support.ts'

let folder: string
let images: Readonly<Record<Kind, Buffer>>
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'images-'))
  images = await makeImages(folder)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const look = async (file: string, declared: ImageFormat, most?: number) => {
  await using handle = await open(file, 'r')
  return await inspect(bytesOf(handle, (await handle.stat()).size), declared, most)
}
const refusal = (reason: RegExp) => ({
  code: 'format_refused',
  details: { reasons: [expect.stringMatching(reason)] },
})

const good: [ImageFormat, ...string[]][] = [
  ['raw'],
  ['qcow2', '-o', 'compat=0.10'],
  ['qcow2', '-o', 'compat=1.1'],
  ['qcow2', '-c'],
  ['qcow2', '-c', '-o', 'compat=0.10'],
  ['qcow2', '-c', '-o', 'compression_type=zstd,cluster_size=1M'],
  ['qcow2', '-o', 'cluster_size=512'],
  ['qcow2', '-o', 'cluster_size=2M'],
  ['qcow2', '-o', 'extended_l2=on'],
  ['qcow2', '-o', 'refcount_bits=1'],
  ['qcow2', '-o', 'refcount_bits=64'],
  ['qcow2', '-o', 'lazy_refcounts=on,preallocation=metadata'],
  ['qcow2', '-o', 'preallocation=falloc'],
  ['qcow2', '-o', 'preallocation=full'],
  ['vmdk', '-o', 'subformat=monolithicSparse'],
  ['vmdk', '-o', 'subformat=monolithicSparse,zeroed_grain=on,adapter_type=lsilogic,hwversion=6'],
  ['vmdk', '-o', 'subformat=streamOptimized'],
  ['vhdx', '-o', 'subformat=dynamic'],
  ['vhdx', '-o', 'subformat=dynamic,block_size=1M,log_size=2M'],
  ['vhdx', '-o', 'subformat=fixed'],
  ['vpc', '-o', 'subformat=dynamic'],
  ['vpc', '-o', 'subformat=fixed'],
  ['vpc', '-o', 'subformat=dynamic,force_size=on'],
  ['vpc', '-o', 'subformat=fixed,force_size=on'],
  ['vdi', '-o', 'static=off'],
  ['vdi', '-o', 'static=on'],
]

describe('takes', () => {
  test.each(good)('%s %s %s %s, and reads the same size from it as qemu-img', async (format, ...options) => {
    const file = join(folder, 'good')
    qemuImg('convert', '-f', 'raw', '-O', format, ...options, join(folder, 'content'), file)

    expect(await look(file, format)).toEqual({ format, virtualSize: qemuInfo(format, file)['virtual-size'] })
  })

  test('a VMDK whose header is at its end, as qemu-img does', async () => {
    const file = join(folder, 'stream')
    const bytes = Buffer.from(images['vmdk stream'])
    await writeFile(file, withFooter()(bytes) ?? bytes)

    expect(await look(file, 'vmdk')).toEqual({
      format: 'vmdk',
      virtualSize: qemuInfo('vmdk', file)['virtual-size'],
    })
  })

  const text = (change: (text: string) => string) => {
    const bytes = Buffer.from(images.vmdk)
    const [before = ''] = bytes.toString('latin1', 512, 10_752).split('\0')
    bytes.fill(0, 512, 10_752).write(change(before), 512, 'latin1')
    return bytes
  }
  test.each<[string, (before: string) => string]>([
    ['without quotes', (before) => before.replaceAll('"monolithicSparse"', 'monolithicSparse')],
    ['with lines that end as in Windows', (before) => before.replaceAll('\n', '\r\n')],
    ['with an extent that is only read', (before) => before.replace('RW ', 'RDONLY  ')],
    ['with an encoding and blank lines', (before) => before.replace('CID=', 'encoding="UTF-8"\n\nCID=')],
  ])('a descriptor as other programs write it, %s', async (_, change) => {
    const { bytes } = memory(text(change))

    expect(await inspect(bytes, 'vmdk')).toEqual({ format: 'vmdk', virtualSize: 8 * MiB })
  })

  test.each(['win ', 'qem2', 'd2v ', 'tap\0', 'CTXS', 'vpc ', 'qemu'])(
    'a VHD of the program "%s", and believes its size or its geometry as qemu-img does',
    async (program) => {
      const file = join(folder, 'vhd')
      const bytes = Buffer.from(images['vpc fixed'])
      const footer = bytes.subarray(-512)
      footer.write(program, 28, 'latin1')
      footer.writeUInt16BE(1, 56)
      seal('vpc', bytes)
      await writeFile(file, bytes)

      expect(await look(file, 'vpc')).toEqual({
        format: 'vpc',
        virtualSize: qemuInfo('vpc', file)['virtual-size'],
      })
    },
  )

  test('a VHD of the largest geometry, and believes its size', async () => {
    const file = join(folder, 'vhd')
    const bytes = Buffer.from(images['vpc fixed'])
    const footer = bytes.subarray(-512)
    footer.write('vpc ', 28)
    footer.writeUInt16BE(65_535, 56)
    footer.writeUInt16BE(0x10ff, 58)
    seal('vpc', bytes)
    await writeFile(file, bytes)

    expect(await look(file, 'vpc')).toEqual({ format: 'vpc', virtualSize: 8 * MiB })
    expect(qemuInfo('vpc', file)['virtual-size']).toBe(8 * MiB)
  })

  test.each([
    ['qcow2 3', 'BE', 24],
    ['vdi static', 'LE', 0x170],
  ] as const)('a %s of an odd size, and reads the same from it as qemu-img', async (kind, order, offset) => {
    const file = join(folder, 'odd')
    const bytes = Buffer.from(images[kind])
    bytes[`writeBigUInt64${order}`](BigInt(6 * MiB + 700), offset)
    await writeFile(file, bytes)
    const format = formatOf(kind)

    expect(await look(file, format)).toEqual({ format, virtualSize: qemuInfo(format, file)['virtual-size'] })
  })

  test('a VHDX with two headers that are the same, as disk2vhd makes them', async () => {
    const bytes = Buffer.from(images.vhdx)
    bytes.copyWithin(128 * 1024, 64 * 1024, 68 * 1024)

    await expect(inspect(memory(bytes).bytes, 'vhdx')).resolves.toMatchObject({ format: 'vhdx' })
  })

  test('a VHDX whose block table has entries that are not of blocks', async () => {
    const file = join(folder, 'chunks')
    qemuImg('create', '-f', 'vhdx', '-o', 'block_size=1M', file, '8G')
    await using handle = await open(file, 'r+')
    // What stands there means something to a differencing disk only.
    await handle.write(Buffer.from('0700000000000000', 'hex'), 0, 8, 2 * MiB + 4096 * 8)

    expect(await look(file, 'vhdx')).toMatchObject({ virtualSize: 8 * 1024 ** 3 })
    expect(qemuInfo('vhdx', file)['virtual-size']).toBe(8 * 1024 ** 3)
  })

  test('a qcow2 that was not closed, whose reference counts may be ahead of its size', async () => {
    const bytes = Buffer.from(images['qcow2 3'])
    bytes.writeBigUInt64BE(1n, 72)
    const short = bytes.subarray(0, -150_000)

    await expect(inspect(memory(short).bytes, 'qcow2')).resolves.toMatchObject({ format: 'qcow2' })
  })
})

describe('takes as raw', () => {
  const disk = (change: (bytes: Buffer) => unknown) => {
    const bytes = noise(MiB)
    bytes.fill(0, 0, 2048)
    change(bytes)
    return bytes
  }
  const partitions = (bytes: Buffer) => bytes.writeUInt16LE(0xaa55, 510)
  const table = (bytes: Buffer) => {
    bytes.write('EFI PART', 512)
    bytes.write('EFI PART', bytes.length - 512)
    return partitions(bytes)
  }
  test.each<[string, Buffer]>([
    ['a disk with a partition table of the old kind', disk(partitions)],
    ['a disk with a GPT and its copy at the end', disk(table)],
    ['a disk of one byte', Buffer.from('x')],
    ['a disk of zeros', Buffer.alloc(3 * 512)],
    ['a compressed file: its bytes are what is copied', Buffer.from('1f8b0800000000000003', 'hex')],
    [
      'signatures that are not where they mean something',
      disk((b) => b.write('QFI\xfbconectixKDMV', 1, 'latin1')),
    ],
    ['text that is not of a VMDK', Buffer.from('# a comment\nname=x\n')],
  ])('%s', async (_, content) => {
    const { bytes } = memory(content)

    expect(await inspect(bytes, 'raw')).toEqual({
      format: 'raw',
      virtualSize: Math.ceil(content.length / 512) * 512,
    })
  })
})

describe('refuses', () => {
  test.each(hostile)('$claim', async ({ kind, change, reason }) => {
    const original = Buffer.from(images[kind])
    const { bytes } = memory(change(original) ?? original)

    await expect(inspect(bytes, formatOf(kind))).rejects.toMatchObject(refusal(reason))
  })

  test.each(others)('%s, also where it was called raw', async (name, content) => {
    const { bytes } = memory(content)

    await expect(inspect(bytes, 'raw')).rejects.toMatchObject(refusal(new RegExp(`${name} is not a format`)))
  })

  test.each(['raw', 'qcow2', 'vmdk', 'vhdx', 'vpc', 'vdi'] as const)(
    'nothing at all as %s',
    async (format) => {
      await expect(inspect(memory(Buffer.alloc(0)).bytes, format)).rejects.toMatchObject(refusal(/empty/))
    },
  )

  test('whatever it was called other than it is', async () => {
    for (const kind of kinds) {
      for (const declared of ['raw', 'qcow2', 'vmdk', 'vhdx', 'vpc', 'vdi'] as const) {
        if (declared === formatOf(kind)) continue
        await expect(
          inspect(memory(images[kind]).bytes, declared),
          `${kind} as ${declared}`,
        ).rejects.toMatchObject({
          code: 'format_mismatch',
          details: { format: formatOf(kind) },
        })
      }
    }
    await expect(inspect(memory(noise(4096)).bytes, 'qcow2')).rejects.toMatchObject({
      details: { format: 'raw' },
    })
  })

  test('a disk behind which a footer makes a VHD of it, where it was called raw', async () => {
    await expect(inspect(memory(images['vpc fixed']).bytes, 'raw')).rejects.toMatchObject({
      code: 'format_mismatch',
      details: { format: 'vpc' },
    })
  })

  test.each(kinds)('a %s whose disk is larger than allowed', async (kind) => {
    const { bytes } = memory(images[kind])
    const { virtualSize } = await inspect(bytes, formatOf(kind))

    await expect(inspect(bytes, formatOf(kind), virtualSize - 1)).rejects.toMatchObject({
      code: 'image_too_large',
      details: { virtualSize },
    })
    await expect(inspect(bytes, formatOf(kind), virtualSize)).resolves.toMatchObject({ virtualSize })
  })

  test.each(['qcow2', 'vmdk', 'vhdx', 'vdi'] as const)(
    'a bomb: a few KiB of %s that promise 1 TiB',
    async (format) => {
      const file = join(folder, 'bomb')
      qemuImg('create', '-f', format, ...(format === 'vhdx' ? ['-o', 'block_size=256M'] : []), file, '1T')

      await expect(look(file, format, 64 * 1024 ** 3)).rejects.toMatchObject({
        code: 'image_too_large',
        details: { virtualSize: 1024 ** 4 },
      })
    },
  )

  test('a file that became shorter while it was read', async () => {
    const file = join(folder, 'shrinks')
    await writeFile(file, Buffer.alloc(4096))
    await using handle = await open(file, 'r')
    const bytes = bytesOf(handle, 4096)
    await truncate(file, 100)

    await expect(bytes.at(0, 512)).rejects.toMatchObject(refusal(/shorter/))
    await expect(bytes.at(4000, 512)).rejects.toMatchObject(refusal(/ends before/))
    await expect(bytes.at(-1, 1)).rejects.toMatchObject(refusal(/ends before/))
    await expect(bytes.at(1, -1)).rejects.toMatchObject(refusal(/ends before/))
  })
})

describe('reads', () => {
  test.each(kinds)('a few clusters of a %s, or less than 1 MiB', async (kind) => {
    const { bytes, read } = memory(images[kind])
    await inspect(bytes, formatOf(kind))

    expect(read.bytes).toBeLessThan(kind === 'qcow2 of large clusters' ? 5 * MiB : MiB)
  })

  const TiB = 1024 ** 4
  test.each<[ImageFormat, string, number]>([
    ['raw', '', TiB],
    ['qcow2', 'cluster_size=2M', 64 * TiB],
    ['qcow2', 'cluster_size=64k', 2 * TiB],
    ['vmdk', 'subformat=monolithicSparse', TiB],
    ['vhdx', 'block_size=1M', 4 * TiB],
    ['vpc', 'subformat=dynamic,force_size=on', 2040 * 1024 ** 3],
    ['vdi', '', 4 * TiB],
  ])('a few MiB of the largest %s (%s)', async (format, options, size) => {
    const file = join(folder, 'large')
    qemuImg('create', '-f', format, ...(options ? ['-o', options] : []), file, `${size}`)
    await using handle = await open(file, 'r')
    const real = bytesOf(handle, (await handle.stat()).size)
    let read = 0
    const counted = {
      size: real.size,
      at: (offset: number, length: number) => {
        read += length
        return real.at(offset, length)
      },
    }

    expect(await inspect(counted, format)).toMatchObject({ format })
    expect(read).toBeLessThan(6 * MiB)
  })

  test('no more than a bound, whatever a header asks for', async () => {
    const { bytes, read } = memory(images['vmdk stream'])

    await expect(upTo(1000, bytes).at(0, 1001)).rejects.toMatchObject(refusal(/longer than 1000 bytes/))
    const twice = upTo(1000, bytes)
    await twice.at(0, 600)
    await expect(twice.at(0, 600)).rejects.toMatchObject(refusal(/longer/))
    expect(read.bytes).toBe(600)
    expect(mostRead).toBeLessThanOrEqual(16 * MiB)
  })

  test('text made to hold a search up, at once', async () => {
    const comments = Buffer.from(`${'#\r\n'.repeat(1300)}x`)
    const spaces = Buffer.from(`#${' '.repeat(4000)}disk`)
    for (const content of [comments, spaces]) {
      expect(await inspect(memory(content).bytes, 'raw')).toMatchObject({ format: 'raw' })
    }
  })
})

test('counts the checksum of VHDX as the standard does', () => {
  expect(crc32c(Buffer.from('123456789')).toString(16)).toBe('e3069283')
})

test('the disks these images were made from are what is said here', async () => {
  const content = await makeContent(folder, 'again')
  expect(await look(content, 'raw')).toEqual({ format: 'raw', virtualSize: 8 * MiB })
})
