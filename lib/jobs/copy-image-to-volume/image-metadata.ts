import type { Image } from '../../glance/image.ts'

/** What Cinder keeps of an image beside its own properties. */
const kept = ['checksum', 'container_format', 'disk_format', 'min_disk', 'min_ram', 'size'] as const

/** What every image has: not properties of its own. `os_glance_…`, signatures and our mark belong to the one image. */
const isOwn = (name: string): boolean =>
  !/^(?:os_glance_|cinderless_job$|img_signature|signature_verified$)/.test(name) && !base.has(name)
const base: ReadonlySet<string> = new Set([
  ...kept,
  ...['id', 'name', 'status', 'visibility', 'owner', 'protected', 'virtual_size', 'os_hidden', 'tags'],
  ...['os_hash_algo', 'os_hash_value', 'created_at', 'updated_at', 'self', 'file', 'schema'],
  ...[
    'locations',
    'direct_url',
    'stores',
    'cinder_encryption_key_id',
    'cinder_encryption_key_deletion_policy',
  ],
])

/**
 * What a volume made of an image remembers of it: every value a string, as Cinder's API shows it.
 *
 * @see cinder/volume/flows/manager/create_volume.py _capture_volume_image_metadata, cinder/image/glance.py
 */
export const imageMetadata = (image: Image): Record<string, string> => {
  const said = (value: unknown): value is string | number | boolean =>
    ['string', 'number', 'boolean'].includes(typeof value)
  const pairs: [string, unknown][] = [
    ['image_id', image.id],
    ['image_name', image.name],
    ...kept.map((name): [string, unknown] => [name, image[name]]),
    ...Object.entries(image).filter(([name]) => isOwn(name)),
  ]
  return Object.fromEntries(pairs.flatMap(([name, value]) => (said(value) ? [[name, String(value)]] : [])))
}
