import * as z from 'zod'

/** What Glance says of an image: strict about what we read, and everything else is kept as it is. */
export const Image = z.looseObject({
  id: z.uuid(),
  name: z.string().nullish(),
  status: z.string(),
  visibility: z.string().nullish(),
  owner: z.string().nullish(),
  protected: z.boolean().nullish(),
  container_format: z.string().nullish(),
  disk_format: z.string().nullish(),
  /** Bytes of the file. */
  size: z.int().nonnegative().nullish(),
  /** Bytes of the disk in it, where Glance has looked. */
  virtual_size: z.int().nonnegative().nullish(),
  /** GiB. */
  min_disk: z.int().nonnegative().default(0),
  /** MiB. */
  min_ram: z.int().nonnegative().default(0),
  /** MD5 of the file. */
  checksum: z.string().nullish(),
  os_hash_algo: z.string().nullish(),
  os_hash_value: z.string().nullish(),
})
export type Image = z.infer<typeof Image>

/** What an image is made with. Any other key is a property of its own. */
export interface NewImage {
  readonly name: string
  readonly disk_format: string
  readonly container_format: 'bare'
  /** Given, so that a repeated request finds the image there. */
  readonly id?: string
  readonly visibility?: string | undefined
  readonly protected?: boolean | undefined
  readonly min_disk?: number | undefined
  readonly min_ram?: number | undefined
  /** A project, said where it is not the one of who asks. */
  readonly owner?: string | undefined
  readonly [property: string]: string | number | boolean | undefined
}

/** A change of one property: undefined takes it away. */
export type ImageChanges = Readonly<Record<string, string | number | boolean | undefined>>
