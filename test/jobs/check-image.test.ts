import { expect, test } from 'vitest'
import { Image } from '../../lib/glance/image.ts'
import { checkImage } from '../../lib/jobs/copy-image-to-volume/check-image.ts'
import { imageMetadata } from '../../lib/jobs/copy-image-to-volume/image-metadata.ts'

const GiB = 1024 ** 3
const id = 'b65cd2bc-4a34-44d6-9d90-592225153f00'
const sha512 = 'ab'.repeat(64)

/** As Debian's Glance answers. */
const image = (changes: Record<string, unknown> = {}) =>
  Image.parse({
    id,
    name: 'debian',
    status: 'active',
    container_format: 'bare',
    disk_format: 'qcow2',
    size: 400 * 1024 ** 2,
    virtual_size: 2 * GiB,
    min_disk: 2,
    min_ram: 512,
    checksum: '0123',
    protected: false,
    owner: '02a76bf62d07438984c3c751c2538297',
    visibility: 'private',
    os_hidden: false,
    os_hash_algo: 'sha512',
    os_hash_value: sha512,
    tags: ['one'],
    created_at: '2026-11-22T16:20:17Z',
    updated_at: '2026-11-22T16:20:17Z',
    self: `/v2/images/${id}`,
    file: `/v2/images/${id}/file`,
    schema: '/v2/schemas/image',
    stores: 'fs',
    hw_disk_bus: 'scsi',
    os_distro: 'debian',
    os_glance_importing_to_stores: '',
    img_signature: 'abc',
    ...changes,
  })
const volume = { id: 'v-1', sizeGiB: 2 }

test('an image that fits is taken, with the digest and the size that Glance knows', () => {
  expect(checkImage(image(), volume)).toEqual({ format: 'qcow2', sizeBytes: 400 * 1024 ** 2, sha512 })
})

test.each([
  ['a VHD is known here as vpc', { disk_format: 'vhd' }, { format: 'vpc' }],
  [
    'SHA-256 is a digest too',
    { os_hash_algo: 'sha256', os_hash_value: 'cd'.repeat(32) },
    { sha256: 'cd'.repeat(32) },
  ],
  ['another algorithm is none', { os_hash_algo: 'md5', os_hash_value: 'cd'.repeat(16) }, { format: 'qcow2' }],
  ['a digest of another length is none', { os_hash_value: 'abcd' }, { format: 'qcow2' }],
  ['an unknown size is none', { size: null, virtual_size: null }, { format: 'qcow2' }],
  [
    'a raw image may be as large as the volume',
    { disk_format: 'raw', size: 2 * GiB, virtual_size: null },
    { sizeBytes: 2 * GiB },
  ],
  [
    'a full file may be larger than the disk in it',
    { size: 2 * GiB + 65_536 },
    { sizeBytes: 2 * GiB + 65_536 },
  ],
])('%s', (_, changes, known) => {
  expect(checkImage(image(changes), volume)).toMatchObject(known)
})

test.each([
  ['has no data yet', { status: 'queued' }, 'Conflict', 'queued'],
  ['is being uploaded', { status: 'saving' }, 'Conflict', 'saving'],
  ['was withdrawn', { status: 'deactivated' }, 'Forbidden', 'deactivated'],
  ['is gone', { status: 'deleted' }, 'InvalidInput', 'deleted'],
  ['is broken', { status: 'killed' }, 'InvalidInput', 'killed'],
  ['is in a container', { container_format: 'ova' }, 'InvalidInput', 'ova'],
  ['is compressed', { container_format: 'compressed' }, 'InvalidInput', 'compressed'],
  ['has no container format', { container_format: null }, 'InvalidInput', 'none'],
  [
    'has a format that is not taken',
    { disk_format: 'iso' },
    'InvalidInput',
    'iso; taken are raw, qcow2, vmdk, vhdx, vhd, vdi',
  ],
  ['is named like what every object has', { disk_format: 'constructor' }, 'InvalidInput', 'constructor'],
  ['needs a larger volume', { min_disk: 3 }, 'InvalidInput', '3 GiB'],
  ['holds a larger disk', { virtual_size: 2 * GiB + 1 }, 'InvalidInput', String(2 * GiB + 1)],
  [
    'is raw and larger',
    { disk_format: 'raw', virtual_size: null, size: 2 * GiB + 1 },
    'InvalidInput',
    '2 GiB',
  ],
  ['is encrypted', { cinder_encryption_key_id: 'k' }, 'NotSupported', 'encrypted'],
])('an image that %s is refused, by its name', (_, changes, name, word) => {
  const message = expect.stringContaining(word) as string

  expect(() => checkImage(image(changes), volume)).toThrow(expect.objectContaining({ name, message }))
  expect(() => checkImage(image(changes), volume)).toThrow(id)
})

test("a volume remembers the image's properties as strings, and nothing that is Glance's own", () => {
  expect(imageMetadata(image({ hw_vif_multiqueue_enabled: true }))).toEqual({
    image_id: id,
    image_name: 'debian',
    checksum: '0123',
    container_format: 'bare',
    disk_format: 'qcow2',
    min_disk: '2',
    min_ram: '512',
    size: String(400 * 1024 ** 2),
    hw_disk_bus: 'scsi',
    hw_vif_multiqueue_enabled: 'true',
    os_distro: 'debian',
  })
})
