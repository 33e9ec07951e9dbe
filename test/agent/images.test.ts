import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bytesOf } from '../../agent/images/bytes.ts'
import { inspect } from '../../agent/images/inspect.ts'
import type { ImageFormat } from '../../lib/agent/protocol.ts'
import { MiB, noise, qemuImg } from './support.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'images-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const look = async (file: string, declared: ImageFormat) => {
  await using handle = await open(file, 'r')
  return await inspect(bytesOf(handle, (await handle.stat()).size), declared)
}

const size = 40 * MiB
const good: [ImageFormat, string][] = [
  ['raw', ''],
  ['qcow2', 'compat=0.10'],
  ['qcow2', 'compat=1.1'],
  ['qcow2', 'compression_type=zstd'],
  ['qcow2', 'cluster_size=512'],
  ['qcow2', 'cluster_size=2M'],
  ['qcow2', 'extended_l2=on'],
  ['qcow2', 'lazy_refcounts=on,preallocation=metadata'],
  ['vmdk', 'subformat=monolithicSparse'],
  ['vmdk', 'subformat=streamOptimized'],
  ['vhdx', 'subformat=dynamic'],
  ['vhdx', 'subformat=fixed'],
  ['vpc', 'subformat=dynamic'],
  ['vpc', 'subformat=fixed'],
  ['vpc', 'subformat=dynamic,force_size=on'],
  ['vdi', 'static=off'],
  ['vdi', 'static=on'],
]

describe('takes', () => {
  test.each(good)('%s %s, and reads the same size from it as qemu-img', async (format, options) => {
    const file = join(folder, 'good')
    const content = join(folder, 'content')
    await writeFile(content, noise(3 * MiB))
    qemuImg('resize', '-f', 'raw', content, `${size}`)
    qemuImg('convert', '-f', 'raw', '-O', format, ...(options ? ['-o', options] : []), content, file)
    const info: { 'virtual-size': number } = JSON.parse(qemuImg('info', '-f', format, '--output=json', file))

    expect(await look(file, format)).toEqual({ format, virtualSize: info['virtual-size'] })
  })
})

test('takes a VMDK whose header is at its end, as qemu-img does', async () => {
  const file = join(folder, 'stream')
  await writeFile(join(folder, 'content'), noise(MiB))
  qemuImg(
    'convert',
    '-f',
    'raw',
    '-O',
    'vmdk',
    '-o',
    'subformat=streamOptimized',
    join(folder, 'content'),
    file,
  )
  const bytes = await readFile(file)
  await writeFile(file, withFooter()(bytes) ?? bytes)
  const info: { 'virtual-size': number } = JSON.parse(qemuImg('info', '-f', 'vmdk', '--output=json', file))

  expect(await look(file, 'vmdk')).toEqual({ format: 'vmdk', virtualSize: info['virtual-size'] })
})

type Change = (bytes: Buffer) => Buffer | undefined
const at =
  (change: (bytes: Buffer) => unknown): Change =>
  (bytes) =>
    void change(bytes)
const u32be = (offset: number, value: number) => at((bytes) => bytes.writeUInt32BE(value, offset))
const u64be = (offset: number, value: bigint) => at((bytes) => bytes.writeBigUInt64BE(value, offset))
const u32le = (offset: number, value: number) => at((bytes) => bytes.writeUInt32LE(value, offset))
const u64le = (offset: number, value: bigint) => at((bytes) => bytes.writeBigUInt64LE(value, offset))
const putText = (offset: number, value: string) => at((bytes) => bytes.write(value, offset, 'latin1'))
const swap = (from: string, to: string) =>
  at((bytes) => bytes.write(to.padEnd(from.length, '\0'), bytes.indexOf(from), 'latin1'))
const appended = (text: string) => (bytes: Buffer) =>
  Buffer.concat([
    bytes,
    Buffer.alloc(512 - (bytes.length % 512 || 512)),
    Buffer.from(text.padEnd(512, '\0'), 'latin1'),
  ])
const atEnd = 0xffffffffffffffffn
/** As other programs write streams: the directory is found through a copy of the header at the end. */
const withFooter =
  (capacity?: bigint): Change =>
  (bytes) => {
    const marker = Buffer.alloc(512)
    marker.writeUInt32LE(1, 0)
    marker.writeUInt32LE(3, 12)
    const footer = Buffer.from(bytes.subarray(0, 512))
    if (capacity !== undefined) footer.writeBigUInt64LE(capacity, 12)
    bytes.writeBigUInt64LE(atEnd, 56)
    return Buffer.concat([
      bytes,
      Buffer.alloc((512 - (bytes.length % 512)) % 512),
      marker,
      footer,
      Buffer.alloc(512),
    ])
  }
const vhdxParent = at((bytes) => {
  const id = Buffer.from('3767a1ca36fa434db3b633f0aa44e76b', 'hex')
  const item = bytes.indexOf(id)
  const metadata = item - (item % 4096)
  const offset = metadata + bytes.readUInt32LE(item + 16)
  bytes.writeUInt32LE(bytes.readUInt32LE(offset + 4) | 2, offset + 4)
})

/** An image that qemu-img made, and what was done to it. */
const hostile: [string, ImageFormat, string, Change, RegExp][] = [
  [
    'a backing file',
    'qcow2',
    '',
    at((b) => {
      b.writeBigUInt64BE(512n, 8)
      b.writeUInt32BE(11, 16)
      b.write('/etc/passwd', 512)
    }),
    /backing file/,
  ],
  ['a backing file of no length', 'qcow2', '', u64be(8, 512n), /backing file/],
  ['an external data file', 'qcow2', '', u64be(72, 4n), /data file/],
  ['the name of a data file in an extension', 'qcow2', '', u32be(112, 0x44415441), /data file/],
  ['a backing format in an extension', 'qcow2', '', u32be(112, 0xe2792aca), /backing file/],
  ['an encryption header in an extension', 'qcow2', '', u32be(112, 0x0537be77), /encrypted/],
  [
    'an extension beyond the first cluster',
    'qcow2',
    '',
    u32be(116, 0x7fffffff),
    /longer than the first cluster/,
  ],
  ['an unknown incompatible feature', 'qcow2', '', u64be(72, 1n << 40n), /unknown features/],
  ['the corrupt mark', 'qcow2', '', u64be(72, 2n), /corrupt/],
  ['unknown compression', 'qcow2', 'compression_type=zstd', at((b) => b.writeUInt8(9, 104)), /compression/],
  ['encryption', 'qcow2', '', u32be(32, 1), /encrypted/],
  ['internal snapshots', 'qcow2', '', u32be(60, 1), /snapshots/],
  ['version 1', 'qcow2', '', u32be(4, 1), /version 1/],
  ['version 4', 'qcow2', '', u32be(4, 4), /version 4/],
  ['clusters of 256 bytes', 'qcow2', '', u32be(20, 8), /clusters/],
  ['clusters of 2^63 bytes', 'qcow2', '', u32be(20, 63), /clusters/],
  ['a first-level table beyond the file', 'qcow2', '', u64be(40, 1n << 40n), /beyond the end/],
  ['a first-level table of 2 GiB', 'qcow2', '', u32be(36, 0x10000000), /over 32 MiB/],
  ['a first-level table too short', 'qcow2', '', u64be(24, 1n << 50n), /too short/],
  ['a disk beyond any number', 'qcow2', '', u64be(24, (1n << 64n) - 1n), /beyond any disk/],
  ['a disk of no bytes', 'qcow2', '', u64be(24, 0n), /no bytes/],
  ['a header cut short', 'qcow2', '', (b) => b.subarray(0, 60), /before its header/],
  ['a reference table beyond the file', 'qcow2', '', u64be(48, 1n << 40n), /beyond the end/],
  ['a second format in its tail', 'qcow2', '', appended('conectix'), /several formats/],
  ['a second format within its first sector', 'qcow2', '', u32le(0x40, 0xbeda107f), /several formats/],
  ['a disk image of Apple in its tail', 'qcow2', '', appended('koly'), /several formats/],
  ['a parent', 'vmdk', '', swap('parentCID=ffffffff', 'parentCID=12345678'), /parent/],
  ['a hint to a parent', 'vmdk', '', swap('# The Disk Data Base', 'parentFileNameHint=x'), /parent/],
  [
    'a hint to a parent behind the descriptor',
    'vmdk',
    '',
    putText(9000, 'parentFileNameHint="/etc/passwd"'),
    /parent/,
  ],
  ['an extent elsewhere', 'vmdk', '', swap('SPARSE "', 'FLAT "/x'), /extent/],
  ['several files', 'vmdk', '', swap('monolithicSparse', 'twoGbMaxExtentSp'), /not taken/],
  ['no capacity', 'vmdk', '', u64le(12, 0n), /no bytes/],
  ['its descriptor elsewhere', 'vmdk', '', u64le(28, 64n), /descriptor/],
  ['a footer that differs', 'vmdk', 'subformat=streamOptimized', withFooter(99n), /differ/],
  [
    'no footer where one is promised',
    'vmdk',
    'subformat=streamOptimized',
    u64le(56, atEnd),
    /footer is missing/,
  ],
  ['a parent', 'vhdx', '', vhdxParent, /parent/],
  ['a region beyond the file', 'vhdx', '', u64le(192 * 1024 + 32, 1n << 45n), /beyond the end/],
  ['no region table', 'vhdx', '', u32le(192 * 1024, 0), /table is missing/],
  ['the differencing kind', 'vpc', '', u32be(60, 4), /differencing/],
  ['a block table beyond the file', 'vpc', '', u64be(512 + 16, 1n << 40n), /beyond the end/],
  ['a parent', 'vdi', '', u32le(0x1b8, 1), /parent/],
  ['the differencing kind', 'vdi', '', u32le(0x4c, 4), /differencing/],
  ['a block map too short', 'vdi', '', u64le(0x170, 1n << 45n), /too short/],
]

describe('refuses', () => {
  test.each(hostile)('%s in a %s (%s)', async (_, format, options, change, reason) => {
    const file = join(folder, 'hostile')
    qemuImg('create', '-f', format, ...(options ? ['-o', options] : []), file, '8M')
    if (options.includes('stream')) {
      await writeFile(join(folder, 'content'), noise(MiB))
      qemuImg('convert', '-f', 'raw', '-O', format, '-o', options, join(folder, 'content'), file)
    }
    const bytes = await readFile(file)
    await writeFile(file, change(bytes) ?? bytes)

    await expect(look(file, format)).rejects.toMatchObject({
      code: 'format_refused',
      details: { reasons: [expect.stringMatching(reason)] },
    })
  })

  const others: [string, Buffer][] = [
    ['QED', Buffer.from('QED\0')],
    ['LUKS', Buffer.from('LUKS\xba\xbe', 'latin1')],
    ['Parallels', Buffer.from('WithoutFreeSpace')],
    ['Bochs', Buffer.from('Bochs Virtual HD Image')],
    ['cloop', Buffer.from('#!/bin/sh\n#V2.0 Format\nmodprobe cloop')],
    ['VMDK of ESX', Buffer.from('COWD')],
    ['ISO 9660', Buffer.concat([Buffer.alloc(0x8001), Buffer.from('CD001')])],
    ['VMDK descriptor', Buffer.from('# Disk DescriptorFile\nversion=1\nRW 1 FLAT "/etc/passwd" 0')],
    ['VMDK descriptor', Buffer.from('# anything\n\n  # more\nversion=1\ncreateType="monolithicFlat"\n')],
  ]
  test.each(others)('%s, also where it was called raw', async (_, start) => {
    const file = join(folder, 'other')
    await writeFile(file, Buffer.concat([start, Buffer.alloc(64 * 1024)]))

    await expect(look(file, 'raw')).rejects.toMatchObject({ code: 'format_refused' })
  })

  test('an empty file', async () => {
    const file = join(folder, 'empty')
    await writeFile(file, '')

    await expect(look(file, 'raw')).rejects.toMatchObject({ code: 'format_refused' })
  })

  test('content that is something else than it was called', async () => {
    const file = join(folder, 'qcow2')
    qemuImg('create', '-f', 'qcow2', file, '8M')

    await expect(look(file, 'raw')).rejects.toMatchObject({
      code: 'format_mismatch',
      details: { format: 'qcow2' },
    })
  })
})
